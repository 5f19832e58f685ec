//go:build wasip1

package syscall

import (
	"runtime"
	"unsafe"
)

// Sockets by WasmEdge's extension of WASI preview 1, second version, in the place of functions that give ENOSYS. Parameters are
// numbers and unsafe.Pointer only: Go takes nothing else before 1.24.

const (
	SHUT_RD   = 0x1
	SHUT_WR   = 0x2
	SHUT_RDWR = SHUT_RD | SHUT_WR
)

// Of options that package net sets; SO_ERROR is Go's own and has the extension's value.
const (
	SOL_SOCKET   = 0
	SO_REUSEADDR = 0
	SO_TYPE      = 1
	SO_BROADCAST = 4
	SO_SNDBUF    = 5
	SO_RCVBUF    = 6
	SO_KEEPALIVE = 7
	SO_LINGER    = 9
)

type Linger struct {
	Onoff  int32
	Linger int32
}

type sdflags = uint32

//go:wasmimport wasi_snapshot_preview1 sock_accept
//go:noescape
func sock_accept(fd int32, flags uint32, newfd unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_shutdown
//go:noescape
func sock_shutdown(fd int32, flags sdflags) Errno

//go:wasmimport wasi_snapshot_preview1 sock_open
//go:noescape
func sock_open(family int32, sotype int32, newfd unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_bind
//go:noescape
func sock_bind(fd int32, address unsafe.Pointer, port uint32) Errno

//go:wasmimport wasi_snapshot_preview1 sock_listen
//go:noescape
func sock_listen(fd int32, backlog int32) Errno

//go:wasmimport wasi_snapshot_preview1 sock_connect
//go:noescape
func sock_connect(fd int32, address unsafe.Pointer, port uint32) Errno

//go:wasmimport wasi_snapshot_preview1 sock_recv_from
//go:noescape
func sock_recv_from(fd int32, iovs unsafe.Pointer, count uint32, address unsafe.Pointer, flags uint32, port unsafe.Pointer, read unsafe.Pointer, outflags unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_send_to
//go:noescape
func sock_send_to(fd int32, iovs unsafe.Pointer, count uint32, address unsafe.Pointer, port uint32, flags uint32, written unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_getlocaladdr
//go:noescape
func sock_getlocaladdr(fd int32, address unsafe.Pointer, port unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_getpeeraddr
//go:noescape
func sock_getpeeraddr(fd int32, address unsafe.Pointer, port unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_getsockopt
//go:noescape
func sock_getsockopt(fd int32, level int32, name int32, value unsafe.Pointer, length unsafe.Pointer) Errno

//go:wasmimport wasi_snapshot_preview1 sock_setsockopt
//go:noescape
func sock_setsockopt(fd int32, level int32, name int32, value unsafe.Pointer, length uint32) Errno

const (
	familyIPv4 = 1
	familyIPv6 = 2
	familyUnix = 3

	typeDatagram = 1
	typeStream   = 2

	// The length that says: the family in two bytes, then the address.
	taggedBytes = 128

	receivePeek      = 1
	receiveTruncated = 1
)

// MSG_PEEK and MSG_TRUNC as RawConn's users would write them.
const (
	MSG_PEEK  = 0x2
	MSG_TRUNC = 0x20
)

// wasmAddress is {buffer u32, length u32} and the buffer behind it. It is always on the heap, so that the pointer in it stays
// true.
type wasmAddress struct {
	buffer uint32
	length uint32
	data   [taggedBytes]byte
}

// wasmBuffers is what sock_recv_from and sock_send_to take: one iovec, and where they leave numbers.
type wasmBuffers struct {
	buffer uint32
	length uint32
	count  uint32
	port   uint32
	flags  uint32
	addr   wasmAddress
}

func (a *wasmAddress) init() {
	a.buffer = uint32(uintptr(unsafe.Pointer(&a.data)))
	a.length = taggedBytes
}

// The one that was used last, instead of an allocation for each datagram. A guest has one thread, and goroutines change only
// where functions are called: nobody comes between the two lines that take it.
var freeBuffers *wasmBuffers

//go:noinline
func getBuffers() *wasmBuffers {
	b := freeBuffers
	freeBuffers = nil
	if b == nil {
		b = new(wasmBuffers)
	}
	b.addr.init()
	return b
}

func putBuffers(b *wasmBuffers) { freeBuffers = b }

// set writes an address; the port. EAFNOSUPPORT for what is none.
func (a *wasmAddress) set(sa Sockaddr) (port uint32, err error) {
	switch sa := sa.(type) {
	case *SockaddrInet4:
		return a.set4(sa)
	case *SockaddrInet6:
		return a.set6(sa)
	case *SockaddrUnix:
		if len(sa.Name) > taggedBytes-3 {
			return 0, EINVAL
		}
		a.tag(familyUnix)
		n := copy(a.data[2:], sa.Name)
		wipe(a.data[2+n:])
		return 0, nil
	}
	return 0, EAFNOSUPPORT
}

func (a *wasmAddress) tag(family byte) {
	a.data[0] = family
	a.data[1] = 0
}

func (a *wasmAddress) set4(sa *SockaddrInet4) (uint32, error) {
	if uint(sa.Port) > 0xffff {
		return 0, EINVAL
	}
	a.tag(familyIPv4)
	copy(a.data[2:], sa.Addr[:])
	return uint32(sa.Port), nil
}

func (a *wasmAddress) set6(sa *SockaddrInet6) (uint32, error) {
	if uint(sa.Port) > 0xffff {
		return 0, EINVAL
	}
	if mapped(sa) {
		a.tag(familyIPv4)
		copy(a.data[2:], sa.Addr[12:])
	} else {
		a.tag(familyIPv6)
		copy(a.data[2:], sa.Addr[:])
	}
	return uint32(sa.Port), nil
}

// mapped tells an IPv4 address that a socket of IPv6 has to do with (RFC 4291 §2.5.5.2).
func mapped(sa *SockaddrInet6) bool {
	for _, b := range sa.Addr[:10] {
		if b != 0 {
			return false
		}
	}
	return sa.Addr[10] == 0xff && sa.Addr[11] == 0xff
}

func (a *wasmAddress) get(port uint32) Sockaddr {
	switch a.data[0] {
	case familyIPv4:
		sa := &SockaddrInet4{Port: int(port)}
		copy(sa.Addr[:], a.data[2:])
		return sa
	case familyIPv6:
		sa := &SockaddrInet6{Port: int(port)}
		copy(sa.Addr[:], a.data[2:])
		return sa
	case familyUnix:
		n := 2
		for n < len(a.data) && a.data[n] != 0 {
			n++
		}
		return &SockaddrUnix{Name: string(a.data[2:n])}
	}
	return nil
}

func (a *wasmAddress) get4(port uint32, sa *SockaddrInet4) {
	sa.Port = int(port)
	copy(sa.Addr[:], a.data[2:6])
}

func (a *wasmAddress) get6(port uint32, sa *SockaddrInet6) {
	sa.Port = int(port)
	sa.ZoneId = 0
	if a.data[0] == familyIPv4 {
		sa.Addr = [16]byte{10: 0xff, 11: 0xff}
		copy(sa.Addr[12:], a.data[2:6])
		return
	}
	copy(sa.Addr[:], a.data[2:18])
}

func wipe(b []byte) {
	for i := range b {
		b[i] = 0
	}
}

func Socket(family, sotype, unused int) (fd int, err error) {
	var af, kind int32
	switch family {
	case AF_INET:
		af = familyIPv4
	case AF_INET6:
		af = familyIPv6
	case AF_UNIX:
		af = familyUnix
	default:
		return -1, EAFNOSUPPORT
	}
	switch sotype {
	case SOCK_STREAM:
		kind = typeStream
	case SOCK_DGRAM:
		kind = typeDatagram
	default:
		return -1, EPROTONOSUPPORT
	}
	var newfd int32
	errno := sock_open(af, kind, unsafe.Pointer(&newfd))
	return int(newfd), errnoErr(errno)
}

func Bind(fd int, sa Sockaddr) error {
	if unix, ok := sa.(*SockaddrUnix); ok {
		if err := checkUnixName(unix.Name); err != nil {
			return err
		}
	}
	b := getBuffers()
	defer putBuffers(b)
	port, err := b.addr.set(sa)
	if err != nil {
		return err
	}
	return errnoErr(sock_bind(int32(fd), unsafe.Pointer(&b.addr), port))
}

// checkUnixName is what bind(2) finds wrong in the place of a socket's file. The host, for which the name is no file, does not look; where
// the program has no folders, any name will do.
func checkUnixName(name string) error {
	var st Stat_t
	if Lstat(name, &st) == nil {
		return EADDRINUSE
	}
	end := len(name)
	for end > 0 && name[end-1] != '/' {
		end--
	}
	folder := name[:end]
	if folder == "" {
		folder = "."
	}
	switch err := Stat(folder, &st); {
	case err == ENOENT || err == ENOTDIR:
		return err
	case err == nil && st.Filetype != FILETYPE_DIRECTORY:
		return ENOTDIR
	}
	return nil
}

func StopIO(fd int) error {
	return ENOSYS
}

func Listen(fd int, backlog int) error {
	return errnoErr(sock_listen(int32(fd), int32(backlog)))
}

func Accept(fd int) (int, Sockaddr, error) {
	var newfd int32
	if errno := sock_accept(int32(fd), 0, unsafe.Pointer(&newfd)); errno != 0 {
		return -1, nil, errnoErr(errno)
	}
	// A peer that has gone already has an address all the same, but not for every host.
	sa, _ := Getpeername(int(newfd))
	if sa == nil {
		sa = &SockaddrInet4{}
	}
	return int(newfd), sa, nil
}

func Connect(fd int, sa Sockaddr) error {
	b := getBuffers()
	defer putBuffers(b)
	port, err := b.addr.set(sa)
	if err != nil {
		return err
	}
	return errnoErr(sock_connect(int32(fd), unsafe.Pointer(&b.addr), port))
}

func Getsockname(fd int) (Sockaddr, error) {
	b := getBuffers()
	defer putBuffers(b)
	errno := sock_getlocaladdr(int32(fd), unsafe.Pointer(&b.addr), unsafe.Pointer(&b.port))
	if errno != 0 {
		return nil, errno
	}
	return b.addr.get(b.port), nil
}

func Getpeername(fd int) (Sockaddr, error) {
	b := getBuffers()
	defer putBuffers(b)
	errno := sock_getpeeraddr(int32(fd), unsafe.Pointer(&b.addr), unsafe.Pointer(&b.port))
	if errno != 0 {
		return nil, errno
	}
	return b.addr.get(b.port), nil
}

// receive takes one datagram; the caller reads the address and gives b back.
func receive(b *wasmBuffers, fd int, p []byte, flags int) (n, outflags int, err error) {
	b.buffer = uint32(uintptr(unsafe.Pointer(unsafe.SliceData(p))))
	b.length = uint32(len(p))
	b.port = 0
	b.flags = 0
	b.addr.data[0] = 0
	in := uint32(0)
	if flags&MSG_PEEK != 0 {
		in |= receivePeek
	}
	errno := sock_recv_from(int32(fd), unsafe.Pointer(&b.buffer), 1, unsafe.Pointer(&b.addr), in, unsafe.Pointer(&b.port), unsafe.Pointer(&b.count), unsafe.Pointer(&b.flags))
	runtime.KeepAlive(p)
	if errno != 0 {
		return 0, 0, errno
	}
	if b.flags&receiveTruncated != 0 {
		outflags |= MSG_TRUNC
	}
	return int(b.count), outflags, nil
}

func send(b *wasmBuffers, fd int, p []byte, port uint32) (int, error) {
	b.buffer = uint32(uintptr(unsafe.Pointer(unsafe.SliceData(p))))
	b.length = uint32(len(p))
	errno := sock_send_to(int32(fd), unsafe.Pointer(&b.buffer), 1, unsafe.Pointer(&b.addr), port, 0, unsafe.Pointer(&b.count))
	runtime.KeepAlive(p)
	if errno != 0 {
		return 0, errno
	}
	return int(b.count), nil
}

func Recvfrom(fd int, p []byte, flags int) (n int, from Sockaddr, err error) {
	b := getBuffers()
	defer putBuffers(b)
	if n, _, err = receive(b, fd, p, flags); err != nil {
		return 0, nil, err
	}
	return n, b.addr.get(b.port), nil
}

//go:linkname recvfromInet4
func recvfromInet4(fd int, p []byte, flags int, from *SockaddrInet4) (n int, err error) {
	b := getBuffers()
	defer putBuffers(b)
	if n, _, err = receive(b, fd, p, flags); err != nil {
		return 0, err
	}
	b.addr.get4(b.port, from)
	return n, nil
}

//go:linkname recvfromInet6
func recvfromInet6(fd int, p []byte, flags int, from *SockaddrInet6) (n int, err error) {
	b := getBuffers()
	defer putBuffers(b)
	if n, _, err = receive(b, fd, p, flags); err != nil {
		return 0, err
	}
	b.addr.get6(b.port, from)
	return n, nil
}

func Sendto(fd int, p []byte, flags int, to Sockaddr) error {
	_, err := SendmsgN(fd, p, nil, to, flags)
	return err
}

//go:linkname sendtoInet4
func sendtoInet4(fd int, p []byte, flags int, to *SockaddrInet4) error {
	_, err := sendmsgNInet4(fd, p, nil, to, flags)
	return err
}

//go:linkname sendtoInet6
func sendtoInet6(fd int, p []byte, flags int, to *SockaddrInet6) error {
	_, err := sendmsgNInet6(fd, p, nil, to, flags)
	return err
}

// Recvmsg has no ancillary data: oob stays empty.
func Recvmsg(fd int, p, oob []byte, flags int) (n, oobn, recvflags int, from Sockaddr, err error) {
	b := getBuffers()
	defer putBuffers(b)
	if n, recvflags, err = receive(b, fd, p, flags); err != nil {
		return 0, 0, 0, nil, err
	}
	return n, 0, recvflags, b.addr.get(b.port), nil
}

//go:linkname recvmsgInet4
func recvmsgInet4(fd int, p, oob []byte, flags int, from *SockaddrInet4) (n, oobn int, recvflags int, err error) {
	b := getBuffers()
	defer putBuffers(b)
	if n, recvflags, err = receive(b, fd, p, flags); err != nil {
		return 0, 0, 0, err
	}
	b.addr.get4(b.port, from)
	return n, 0, recvflags, nil
}

//go:linkname recvmsgInet6
func recvmsgInet6(fd int, p, oob []byte, flags int, from *SockaddrInet6) (n, oobn int, recvflags int, err error) {
	b := getBuffers()
	defer putBuffers(b)
	if n, recvflags, err = receive(b, fd, p, flags); err != nil {
		return 0, 0, 0, err
	}
	b.addr.get6(b.port, from)
	return n, 0, recvflags, nil
}

// SendmsgN without an address writes to the peer of a connected socket.
func SendmsgN(fd int, p, oob []byte, to Sockaddr, flags int) (n int, err error) {
	if len(oob) > 0 {
		return 0, ENOTSUP
	}
	if to == nil {
		return Write(fd, p)
	}
	b := getBuffers()
	defer putBuffers(b)
	port, err := b.addr.set(to)
	if err != nil {
		return 0, err
	}
	return send(b, fd, p, port)
}

//go:linkname sendmsgNInet4
func sendmsgNInet4(fd int, p, oob []byte, to *SockaddrInet4, flags int) (n int, err error) {
	if len(oob) > 0 {
		return 0, ENOTSUP
	}
	if to == nil {
		return Write(fd, p)
	}
	b := getBuffers()
	defer putBuffers(b)
	port, err := b.addr.set4(to)
	if err != nil {
		return 0, err
	}
	return send(b, fd, p, port)
}

//go:linkname sendmsgNInet6
func sendmsgNInet6(fd int, p, oob []byte, to *SockaddrInet6, flags int) (n int, err error) {
	if len(oob) > 0 {
		return 0, ENOTSUP
	}
	if to == nil {
		return Write(fd, p)
	}
	b := getBuffers()
	defer putBuffers(b)
	port, err := b.addr.set6(to)
	if err != nil {
		return 0, err
	}
	return send(b, fd, p, port)
}

func GetsockoptInt(fd, level, opt int) (value int, err error) {
	var v, length int32 = 0, 4
	errno := sock_getsockopt(int32(fd), int32(level), int32(opt), unsafe.Pointer(&v), unsafe.Pointer(&length))
	if errno != 0 {
		return 0, errno
	}
	if level == SOL_SOCKET && opt == SO_TYPE {
		if v == typeStream {
			return SOCK_STREAM, nil
		}
		return SOCK_DGRAM, nil
	}
	return int(v), nil
}

func SetsockoptInt(fd, level, opt int, value int) error {
	v := int32(value)
	return errnoErr(sock_setsockopt(int32(fd), int32(level), int32(opt), unsafe.Pointer(&v), 4))
}

func SetsockoptLinger(fd, level, opt int, l *Linger) error {
	return errnoErr(sock_setsockopt(int32(fd), int32(level), int32(opt), unsafe.Pointer(l), 8))
}

func SetsockoptInet4Addr(fd, level, opt int, value [4]byte) error {
	return ENOPROTOOPT
}

func SetReadDeadline(fd int, t int64) error {
	return ENOSYS
}

func SetWriteDeadline(fd int, t int64) error {
	return ENOSYS
}

func Shutdown(fd int, how int) error {
	return errnoErr(sock_shutdown(int32(fd), sdflags(how)))
}
