package warren

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// Go's own resolver is the only one on WASI, and it speaks DNS over a connection that it gets from Resolver.Dial. It gets one to
// this: a name server within the program that asks the host. (RFC 1035 §4; over a stream, §4.2.2.)

func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: dialNameServer}
}

const (
	headerBytes = 12
	typeA       = 1
	typeAAAA    = 28
	classIN     = 1

	flagResponse  = 1 << 15
	flagRecursion = 1<<8 | 1<<7

	codeSuccess    = 0
	codeServerFail = 2
	codeNoName     = 3
	codeNotImpl    = 4

	// Long enough for a program that looks a name up once.
	secondsToLive = 1
)

func dialNameServer(ctx context.Context, network, address string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go answerQueries(ours)
	return theirs, nil
}

func answerQueries(c net.Conn) {
	defer c.Close()
	var length [2]byte
	for {
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		answer := answerQuery(query)
		if answer == nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answerQuery is nil for what is no query with one question.
func answerQuery(query []byte) []byte {
	if len(query) < headerBytes || binary.BigEndian.Uint16(query[4:]) != 1 {
		return nil
	}
	name, end := readName(query, headerBytes)
	if end < 0 || end+4 > len(query) {
		return nil
	}
	question := query[headerBytes : end+4]
	kind := binary.BigEndian.Uint16(query[end:])
	addrs, code := addressesFor(name, kind)

	answer := make([]byte, 0, headerBytes+len(question)+len(addrs)*28)
	answer = append(answer, query[0], query[1])
	answer = binary.BigEndian.AppendUint16(answer, flagResponse|flagRecursion|code)
	for _, count := range []int{1, len(addrs), 0, 0} {
		answer = binary.BigEndian.AppendUint16(answer, uint16(count))
	}
	answer = append(answer, question...)
	for _, addr := range addrs {
		data := addr.AsSlice()
		// The name is that of the question.
		answer = append(answer, 0xc0, headerBytes)
		answer = binary.BigEndian.AppendUint16(answer, kind)
		answer = binary.BigEndian.AppendUint16(answer, classIN)
		answer = binary.BigEndian.AppendUint32(answer, secondsToLive)
		answer = binary.BigEndian.AppendUint16(answer, uint16(len(data)))
		answer = append(answer, data...)
	}
	return answer
}

func addressesFor(name string, kind uint16) ([]netip.Addr, uint16) {
	if kind != typeA && kind != typeAAAA {
		return nil, codeNotImpl
	}
	all, err := lookUp(name, 0)
	if err == syscall.ENOENT {
		return nil, codeNoName
	}
	if err != nil {
		return nil, codeServerFail
	}
	var addrs []netip.Addr
	for _, addr := range all {
		if addr.Is4() == (kind == typeA) {
			addrs = append(addrs, addr)
		}
	}
	return addrs, codeSuccess
}

// readName gives a name without its last dot, and where it ends; -1 for a broken one. Questions are not compressed.
func readName(message []byte, from int) (string, int) {
	var labels []string
	for {
		if from >= len(message) {
			return "", -1
		}
		length := int(message[from])
		from++
		if length == 0 {
			return strings.Join(labels, "."), from
		}
		if length > 63 || from+length > len(message) {
			return "", -1
		}
		labels = append(labels, string(message[from:from+length]))
		from += length
	}
}
