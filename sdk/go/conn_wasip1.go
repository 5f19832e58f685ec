package warren

import (
	"net"
	"net/netip"
)

// Package net knows no addresses of WASI's connections; these have them.

type tcpConn struct {
	*net.TCPConn
	local, remote net.Addr
}

func (c *tcpConn) LocalAddr() net.Addr  { return c.local }
func (c *tcpConn) RemoteAddr() net.Addr { return c.remote }

type otherConn struct {
	net.Conn
	local, remote net.Addr
}

func (c *otherConn) LocalAddr() net.Addr  { return c.local }
func (c *otherConn) RemoteAddr() net.Addr { return c.remote }

func withAddresses(c net.Conn, sotype int32, local, remote netip.AddrPort) net.Conn {
	if sotype == typeDatagram {
		return &otherConn{c, net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(remote)}
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return &tcpConn{tcp, net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(remote)}
	}
	return &otherConn{c, net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(remote)}
}
