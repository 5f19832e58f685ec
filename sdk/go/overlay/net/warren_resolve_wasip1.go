//go:build wasip1

package net

import (
	"context"
	"runtime"
	"syscall"
	"unsafe"
)

// The host's resolver stands where C's getaddrinfo stands on other systems. What it has no question for (PTR, MX, TXT …) is asked of
// a DNS server by Go's own resolver.
const cgoAvailable = true

//go:wasmimport wasi_snapshot_preview1 sock_getaddrinfo
//go:noescape
func sock_getaddrinfo(node unsafe.Pointer, nodeLen uint32, service unsafe.Pointer, serviceLen uint32, hints unsafe.Pointer, results unsafe.Pointer, resultsMax uint32, count unsafe.Pointer) syscall.Errno

const (
	hostFamilyAny  = 0
	hostFamilyIPv4 = 1
	hostFamilyIPv6 = 2
	hostTypeStream = 2

	hostAnswersMax = 32
	hostDataBytes  = 26
)

// hostAddrinfo is WasmEdge's __wasi_addrinfo_t.
type hostAddrinfo struct {
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

// hostSockaddr is WasmEdge's __wasi_sockaddr_t.
type hostSockaddr struct {
	family  uint8
	dataLen uint32
	data    uint32
}

// hostLookup is the list that the host fills, laid out by the guest; on the heap, since it points into itself.
type hostLookup struct {
	hints   hostAddrinfo
	first   uint32
	count   uint32
	infos   [hostAnswersMax]hostAddrinfo
	addrs   [hostAnswersMax]hostSockaddr
	answers [hostAnswersMax][hostDataBytes]byte
}

func address32(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

// The address escapes, so that it does not lie on a stack, which may move.
var lastHostLookup *hostLookup

func hostResolve(name string, family uint8) ([]IPAddr, error) {
	node := append([]byte(name), 0)
	service := []byte{0}
	l := new(hostLookup)
	lastHostLookup = l
	l.hints.family = family
	l.hints.socktype = hostTypeStream
	l.first = address32(unsafe.Pointer(&l.infos[0]))
	for i := range l.infos {
		l.infos[i].addr = address32(unsafe.Pointer(&l.addrs[i]))
		l.infos[i].addrlen = uint32(unsafe.Sizeof(hostSockaddr{}))
		if i+1 < hostAnswersMax {
			l.infos[i].next = address32(unsafe.Pointer(&l.infos[i+1]))
		}
		l.addrs[i].dataLen = hostDataBytes
		l.addrs[i].data = address32(unsafe.Pointer(&l.answers[i]))
	}
	errno := sock_getaddrinfo(
		unsafe.Pointer(unsafe.SliceData(node)), uint32(len(node)), unsafe.Pointer(unsafe.SliceData(service)), uint32(len(service)),
		unsafe.Pointer(&l.hints), unsafe.Pointer(&l.first), hostAnswersMax, unsafe.Pointer(&l.count))
	runtime.KeepAlive(l)
	switch errno {
	case 0:
	case syscall.ENOENT:
		return nil, &DNSError{Err: errNoSuchHost.Error(), Name: name, IsNotFound: true}
	case syscall.ETIMEDOUT:
		return nil, &DNSError{Err: errno.Error(), Name: name, IsTimeout: true}
	default:
		return nil, &DNSError{Err: errno.Error(), Name: name, IsTemporary: errno == syscall.EAGAIN}
	}
	var addrs []IPAddr
	for i := 0; i < int(l.count) && i < hostAnswersMax; i++ {
		// Two bytes of port come first.
		data := l.answers[i][2:]
		switch l.addrs[i].family {
		case hostFamilyIPv4:
			addrs = append(addrs, IPAddr{IP: IPv4(data[0], data[1], data[2], data[3])})
		case hostFamilyIPv6:
			ip := make(IP, IPv6len)
			copy(ip, data)
			addrs = append(addrs, IPAddr{IP: ip})
		}
	}
	if len(addrs) == 0 {
		return nil, &DNSError{Err: errNoSuchHost.Error(), Name: name, IsNotFound: true}
	}
	return addrs, nil
}

func cgoLookupIP(ctx context.Context, network, name string) ([]IPAddr, error) {
	if err := ctx.Err(); err != nil {
		return nil, &DNSError{Err: mapErr(err).Error(), Name: name, IsTimeout: err == context.DeadlineExceeded}
	}
	family := uint8(hostFamilyAny)
	if network != "" {
		switch network[len(network)-1] {
		case '4':
			family = hostFamilyIPv4
		case '6':
			family = hostFamilyIPv6
		}
	}
	return hostResolve(name, family)
}

func cgoLookupHost(ctx context.Context, name string) ([]string, error) {
	addrs, err := cgoLookupIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	hosts := make([]string, 0, len(addrs))
	for _, addr := range addrs {
		hosts = append(hosts, addr.String())
	}
	return hosts, nil
}

func cgoLookupPort(ctx context.Context, network, service string) (int, error) {
	return goLookupPort(network, service)
}

func cgoLookupPTR(ctx context.Context, addr string) ([]string, error) {
	return nil, &DNSError{Err: "the host tells no names of addresses", Name: addr, IsNotFound: true}
}
