package warren

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// As Linux' default net.core.somaxconn was for long.
const backlog = 128

// Listen opens a TCP port of the program's own.
func Listen(network, address string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: namedAddr{network, address}, Err: err}
	}
	sotype, err := socketType(network)
	if err != nil || sotype != typeStream {
		return fail(net.UnknownNetworkError(network))
	}
	fd, f, err := openBound(network, address, typeStream)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	if err := result(sock_listen(int32(fd), backlog)); err != nil {
		return fail(os.NewSyscallError("listen", err))
	}
	l, err := net.FileListener(f)
	if err != nil {
		return fail(err)
	}
	return &listener{l, net.TCPAddrFromAddrPort(localAddress(fd))}, nil
}

type listener struct {
	net.Listener
	addr net.Addr
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	sc, ok := c.(syscall.Conn)
	if !ok {
		return c, nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return c, nil
	}
	var local, remote netip.AddrPort
	if err := raw.Control(func(fd uintptr) {
		local, remote = localAddress(int(fd)), peerAddress(int(fd))
	}); err != nil {
		return c, nil
	}
	return withAddresses(c, typeStream, local, remote), nil
}

// openBound gives a socket bound to an address, and the file that closes it. (File.Fd would make it block.)
func openBound(network, address string, sotype int32) (int, *os.File, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return -1, nil, err
	}
	port, err := net.LookupPort(network, service)
	if err != nil {
		return -1, nil, err
	}
	addr := netip.IPv6Unspecified()
	if strings.HasSuffix(network, "4") {
		addr = netip.IPv4Unspecified()
	}
	if host != "" {
		if literal, err := netip.ParseAddr(host); err == nil {
			addr = literal.Unmap()
		} else if found, err := lookUp(host, 0); err == nil && len(found) > 0 {
			addr = found[0]
		} else {
			return -1, nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
	}
	fd, err := open(addr, sotype)
	if err != nil {
		return -1, nil, os.NewSyscallError("socket", err)
	}
	if err := bind(fd, netip.AddrPortFrom(addr, uint16(port))); err != nil {
		syscall.Close(fd)
		return -1, nil, os.NewSyscallError("bind", err)
	}
	return fd, os.NewFile(uintptr(fd), "socket"), nil
}
