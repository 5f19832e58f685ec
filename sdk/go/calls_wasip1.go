package warren

import (
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"
)

// The sockets of WasmEdge's extension of preview 1, second version. Its functions take numbers and unsafe.Pointer: Go lets nothing
// else through before 1.24.

//go:wasmimport wasi_snapshot_preview1 sock_open
//go:noescape
func sock_open(family int32, sotype int32, newfd unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_bind
//go:noescape
func sock_bind(fd int32, address unsafe.Pointer, port uint32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_listen
//go:noescape
func sock_listen(fd int32, backlog int32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_connect
//go:noescape
func sock_connect(fd int32, address unsafe.Pointer, port uint32) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_recv_from
//go:noescape
func sock_recv_from(fd int32, iovs unsafe.Pointer, count uint32, address unsafe.Pointer, flags uint32, port unsafe.Pointer, read unsafe.Pointer, outflags unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_send_to
//go:noescape
func sock_send_to(fd int32, iovs unsafe.Pointer, count uint32, address unsafe.Pointer, port uint32, flags uint32, written unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getlocaladdr
//go:noescape
func sock_getlocaladdr(fd int32, address unsafe.Pointer, port unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getpeeraddr
//go:noescape
func sock_getpeeraddr(fd int32, address unsafe.Pointer, port unsafe.Pointer) syscall.Errno

//go:wasmimport wasi_snapshot_preview1 sock_getsockopt
//go:noescape
func sock_getsockopt(fd int32, level int32, name int32, value unsafe.Pointer, length unsafe.Pointer) syscall.Errno

const (
	familyIPv4 = 1
	familyIPv6 = 2

	typeDatagram = 1
	typeStream   = 2

	levelSocket = 0
	optionError = 2

	// The length that says: the family in two bytes, then the address.
	taggedBytes = 128
)

// addressBuffer is {buffer u32, length u32} and the buffer behind it; always on the heap, since it points into itself.
type addressBuffer struct {
	buffer uint32
	length uint32
	port   uint32
	data   [taggedBytes]byte
}

// Through a variable of the package, so that the compiler puts it on the heap.
var lastBuffer *addressBuffer

func newAddressBuffer() *addressBuffer {
	b := new(addressBuffer)
	lastBuffer = b
	b.buffer = uint32(uintptr(unsafe.Pointer(&b.data)))
	b.length = taggedBytes
	return b
}

func (b *addressBuffer) pointer() unsafe.Pointer { return unsafe.Pointer(b) }

func (b *addressBuffer) set(to netip.AddrPort) {
	addr := to.Addr().Unmap()
	b.data[0] = familyIPv6
	if addr.Is4() {
		b.data[0] = familyIPv4
	}
	copy(b.data[2:], addr.AsSlice())
	b.port = uint32(to.Port())
}

func (b *addressBuffer) get() netip.AddrPort {
	switch b.data[0] {
	case familyIPv4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b.data[2:6])), uint16(b.port))
	case familyIPv6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b.data[2:18])), uint16(b.port))
	}
	return netip.AddrPort{}
}

// open makes a socket that does not block.
func open(addr netip.Addr, sotype int32) (fd int, err error) {
	family := int32(familyIPv6)
	if addr.Is4() {
		family = familyIPv4
	}
	var newfd int32
	if errno := sock_open(family, sotype, unsafe.Pointer(&newfd)); errno != 0 {
		return -1, errno
	}
	if err := syscall.SetNonblock(int(newfd), true); err != nil {
		syscall.Close(int(newfd))
		return -1, err
	}
	return int(newfd), nil
}

func bind(fd int, to netip.AddrPort) error {
	b := newAddressBuffer()
	b.set(to)
	return result(sock_bind(int32(fd), b.pointer(), b.port))
}

func connect(fd int, to netip.AddrPort) error {
	b := newAddressBuffer()
	b.set(to)
	return result(sock_connect(int32(fd), b.pointer(), b.port))
}

func localAddress(fd int) netip.AddrPort {
	b := newAddressBuffer()
	if sock_getlocaladdr(int32(fd), b.pointer(), unsafe.Pointer(&b.port)) != 0 {
		return netip.AddrPort{}
	}
	return b.get()
}

func peerAddress(fd int) netip.AddrPort {
	b := newAddressBuffer()
	if sock_getpeeraddr(int32(fd), b.pointer(), unsafe.Pointer(&b.port)) != 0 {
		return netip.AddrPort{}
	}
	return b.get()
}

// pendingError is what became of a connect that was under way.
func pendingError(fd int) error {
	var value, length int32 = 0, 4
	if errno := sock_getsockopt(int32(fd), levelSocket, optionError, unsafe.Pointer(&value), unsafe.Pointer(&length)); errno != 0 {
		return errno
	}
	return result(syscall.Errno(value))
}

type message struct {
	iov    [2]uint32
	count  uint32
	flags  uint32
	buffer *addressBuffer
}

func receiveFrom(fd int, p []byte, m *message) (int, error) {
	m.iov = [2]uint32{uint32(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), uint32(len(p))}
	errno := sock_recv_from(int32(fd), unsafe.Pointer(&m.iov), 1, m.buffer.pointer(), 0, unsafe.Pointer(&m.buffer.port), unsafe.Pointer(&m.count), unsafe.Pointer(&m.flags))
	runtime.KeepAlive(p)
	return int(m.count), result(errno)
}

func sendTo(fd int, p []byte, m *message) (int, error) {
	m.iov = [2]uint32{uint32(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), uint32(len(p))}
	errno := sock_send_to(int32(fd), unsafe.Pointer(&m.iov), 1, m.buffer.pointer(), m.buffer.port, 0, unsafe.Pointer(&m.count))
	runtime.KeepAlive(p)
	return int(m.count), result(errno)
}

func result(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
