package warren

import (
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"
)

//go:wasmimport wasi_snapshot_preview1 sock_getaddrinfo
//go:noescape
func sock_getaddrinfo(node unsafe.Pointer, nodeLen uint32, service unsafe.Pointer, serviceLen uint32, hints unsafe.Pointer, results unsafe.Pointer, resultsMax uint32, count unsafe.Pointer) syscall.Errno

const (
	answersMax = 32
	// What comes before the address.
	portBytes = 2
	dataBytes = 26
)

// addrinfo is WasmEdge's __wasi_addrinfo_t.
type addrinfo struct {
	flags        uint16
	family       uint8
	socktype     uint8
	protocol     uint32
	addrlen      uint32
	addr         uint32
	canonname    uint32
	canonnamelen uint32
	next         uint32
}

// sockaddr is WasmEdge's __wasi_sockaddr_t.
type sockaddr struct {
	family  uint8
	dataLen uint32
	data    uint32
}

// query is the list that the host fills, laid out by us; on the heap, since it points into itself.
type query struct {
	hints   addrinfo
	first   uint32
	count   uint32
	infos   [answersMax]addrinfo
	addrs   [answersMax]sockaddr
	answers [answersMax][dataBytes]byte
}

var lastQuery *query

func at(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

// lookUp asks the host for a name's addresses, of one family or, for 0, of both.
func lookUp(name string, family uint8) ([]netip.Addr, error) {
	node := append([]byte(name), 0)
	service := []byte{0}
	q := new(query)
	lastQuery = q
	q.hints.family = family
	q.hints.socktype = typeStream
	q.first = at(unsafe.Pointer(&q.infos[0]))
	for i := range q.infos {
		q.infos[i].addr = at(unsafe.Pointer(&q.addrs[i]))
		q.infos[i].addrlen = uint32(unsafe.Sizeof(sockaddr{}))
		if i+1 < answersMax {
			q.infos[i].next = at(unsafe.Pointer(&q.infos[i+1]))
		}
		q.addrs[i].dataLen = dataBytes
		q.addrs[i].data = at(unsafe.Pointer(&q.answers[i]))
	}
	errno := sock_getaddrinfo(
		unsafe.Pointer(unsafe.SliceData(node)), uint32(len(node)), unsafe.Pointer(unsafe.SliceData(service)), uint32(len(service)),
		unsafe.Pointer(&q.hints), unsafe.Pointer(&q.first), answersMax, unsafe.Pointer(&q.count))
	runtime.KeepAlive(q)
	if errno != 0 {
		return nil, errno
	}
	var found []netip.Addr
	for i := 0; i < int(q.count) && i < answersMax; i++ {
		data := q.answers[i][portBytes:]
		switch q.addrs[i].family {
		case familyIPv4:
			found = append(found, netip.AddrFrom4([4]byte(data[:4])))
		case familyIPv6:
			found = append(found, netip.AddrFrom16([16]byte(data[:16])))
		}
	}
	return found, nil
}
