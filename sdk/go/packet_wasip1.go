package warren

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// ListenPacket opens a UDP port of the program's own.
func ListenPacket(network, address string) (net.PacketConn, error) {
	fail := func(err error) (net.PacketConn, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: namedAddr{network, address}, Err: err}
	}
	sotype, err := socketType(network)
	if err != nil || sotype != typeDatagram {
		return fail(net.UnknownNetworkError(network))
	}
	fd, f, err := openBound(network, address, typeDatagram)
	if err != nil {
		return fail(err)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return fail(err)
	}
	local := net.UDPAddrFromAddrPort(localAddress(fd))
	return &packetConn{file: f, raw: raw, network: network, local: local}, nil
}

type packetConn struct {
	file    *os.File
	raw     syscall.RawConn
	network string
	local   net.Addr
}

func (c *packetConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	m := &message{buffer: newAddressBuffer()}
	waiting := c.raw.Read(func(fd uintptr) bool {
		n, err = receiveFrom(int(fd), p, m)
		return err != syscall.EAGAIN
	})
	if waiting != nil {
		err = waiting
	}
	if err != nil {
		return 0, nil, &net.OpError{Op: "read", Net: c.network, Source: c.local, Err: err}
	}
	return n, net.UDPAddrFromAddrPort(m.buffer.get()), nil
}

func (c *packetConn) WriteTo(p []byte, to net.Addr) (n int, err error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: c.network, Source: c.local, Addr: to, Err: syscall.EINVAL}
	}
	target := udp.AddrPort()
	m := &message{buffer: newAddressBuffer()}
	m.buffer.set(netip.AddrPortFrom(target.Addr().Unmap(), target.Port()))
	waiting := c.raw.Write(func(fd uintptr) bool {
		n, err = sendTo(int(fd), p, m)
		return err != syscall.EAGAIN
	})
	if waiting != nil {
		err = waiting
	}
	if err != nil {
		return 0, &net.OpError{Op: "write", Net: c.network, Source: c.local, Addr: to, Err: err}
	}
	return n, nil
}

func (c *packetConn) Close() error                       { return c.file.Close() }
func (c *packetConn) LocalAddr() net.Addr                { return c.local }
func (c *packetConn) SetDeadline(t time.Time) error      { return c.file.SetDeadline(t) }
func (c *packetConn) SetReadDeadline(t time.Time) error  { return c.file.SetReadDeadline(t) }
func (c *packetConn) SetWriteDeadline(t time.Time) error { return c.file.SetWriteDeadline(t) }
