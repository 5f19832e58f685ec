//go:build wasip1

package net

import (
	"internal/poll"
	"os"
	"syscall"
)

// newFileFD shares the descriptor of f instead of duplicating it, which preview 1 cannot: internal/poll counts who holds it.
func newFileFD(f *os.File) (*netFD, error) {
	// Of a file that is no socket nothing is to be copied.
	sotype, err := syscall.GetsockoptInt(f.PollFD().Sysfd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return nil, os.NewSyscallError("getsockopt", err)
	}
	pfd := f.PollFD().Copy()
	fd, err := fileFD(pfd, sotype)
	if err != nil {
		pfd.Close()
		return nil, err
	}
	return fd, nil
}

func fileFD(pfd poll.FD, sotype int) (*netFD, error) {
	lsa, err := syscall.Getsockname(pfd.Sysfd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	rsa, _ := syscall.Getpeername(pfd.Sysfd)
	family := syscall.AF_INET
	switch lsa.(type) {
	case *syscall.SockaddrInet6:
		family = syscall.AF_INET6
	case *syscall.SockaddrUnix:
		family = syscall.AF_UNIX
	}
	if err := syscall.SetNonblock(pfd.Sysfd, true); err != nil {
		return nil, os.NewSyscallError("setnonblock", err)
	}
	pfd.IsStream = sotype == syscall.SOCK_STREAM
	pfd.ZeroReadIsEOF = sotype == syscall.SOCK_STREAM
	fd := &netFD{pfd: pfd, family: family, sotype: sotype}
	toAddr := fd.addrFunc()
	laddr := toAddr(lsa)
	fd.net = laddr.Network()
	if err := fd.init(); err != nil {
		return nil, err
	}
	if rsa == nil {
		fd.setAddr(laddr, nil)
	} else {
		fd.setAddr(laddr, toAddr(rsa))
	}
	return fd, nil
}

func fileConn(f *os.File) (Conn, error) {
	fd, err := newFileFD(f)
	if err != nil {
		return nil, err
	}
	switch fd.laddr.(type) {
	case *TCPAddr:
		return &TCPConn{conn{fd}}, nil
	case *UDPAddr:
		return newUDPConn(fd), nil
	case *UnixAddr:
		return newUnixConn(fd), nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

func fileListener(f *os.File) (Listener, error) {
	fd, err := newFileFD(f)
	if err != nil {
		return nil, err
	}
	switch laddr := fd.laddr.(type) {
	case *TCPAddr:
		return &TCPListener{fd: fd}, nil
	case *UnixAddr:
		return &UnixListener{fd: fd, path: laddr.Name, unlink: false}, nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}

func filePacketConn(f *os.File) (PacketConn, error) {
	fd, err := newFileFD(f)
	if err != nil {
		return nil, err
	}
	switch fd.laddr.(type) {
	case *UDPAddr:
		return newUDPConn(fd), nil
	case *UnixAddr:
		return newUnixConn(fd), nil
	}
	fd.Close()
	return nil, syscall.EINVAL
}
