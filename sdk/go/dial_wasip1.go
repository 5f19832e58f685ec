package warren

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

func init() {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t.DialContext = DialContext
	}
}

// Dial connects to an address over TCP or UDP.
func Dial(network, address string) (net.Conn, error) {
	return DialContext(context.Background(), network, address)
}

// DialContext connects to an address over TCP or UDP: to each address of a name in turn until one answers.
func DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: namedAddr{network, address}, Err: err}
	}
	sotype, err := socketType(network)
	if err != nil {
		return fail(err)
	}
	targets, err := resolve(ctx, network, address)
	if err != nil {
		return fail(err)
	}
	var first error
	for _, target := range targets {
		c, err := dial(ctx, sotype, target)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return fail(first)
}

func dial(ctx context.Context, sotype int32, target netip.AddrPort) (net.Conn, error) {
	fd, err := open(target.Addr(), sotype)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = connect(fd, target)
	// From here on the file closes it.
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	if err == syscall.EINPROGRESS {
		err = waitConnected(ctx, f)
	}
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	local, remote := localAddress(fd), peerAddress(fd)
	if !remote.IsValid() {
		remote = target
	}
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return withAddresses(c, sotype, local, remote), nil
}

// waitConnected waits for a connect that is under way, until ctx is done.
func waitConnected(ctx context.Context, f *os.File) error {
	if deadline, ok := ctx.Deadline(); ok {
		f.SetWriteDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { f.SetWriteDeadline(time.Unix(1, 0)) })
	defer func() {
		stop()
		f.SetWriteDeadline(time.Time{})
	}()
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	waited := false
	err = raw.Write(func(fd uintptr) bool {
		if !waited {
			waited = true
			return false
		}
		failed = pendingError(int(fd))
		return failed != syscall.EINPROGRESS
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return failed
}

func socketType(network string) (int32, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return typeStream, nil
	case "udp", "udp4", "udp6":
		return typeDatagram, nil
	}
	return 0, net.UnknownNetworkError(network)
}

// resolve gives the addresses that "host:port" means on a network.
func resolve(ctx context.Context, network, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, service)
	if err != nil {
		return nil, err
	}
	v4, v6 := !strings.HasSuffix(network, "6"), !strings.HasSuffix(network, "4")
	var addrs []netip.Addr
	if literal, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{literal.Unmap()}
	} else if host == "" {
		addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	} else if addrs, err = lookUp(host, 0); err != nil {
		return nil, &net.DNSError{Err: err.Error(), Name: host, IsNotFound: err == syscall.ENOENT}
	}
	var targets []netip.AddrPort
	for _, addr := range addrs {
		if addr.Is4() && v4 || !addr.Is4() && v6 {
			targets = append(targets, netip.AddrPortFrom(addr, uint16(port)))
		}
	}
	if len(targets) == 0 {
		return nil, &net.AddrError{Err: "no suitable address", Addr: address}
	}
	return targets, nil
}

// namedAddr is an address as it was asked for.
type namedAddr struct{ network, address string }

func (a namedAddr) Network() string { return a.network }
func (a namedAddr) String() string  { return a.address }
