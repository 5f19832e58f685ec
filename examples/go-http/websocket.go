package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
)

const messageMax = 1 << 20

// websocketEcho sends every message back (RFC 6455), with nothing but the standard library.
func websocketEcho(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || key == "" {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this path speaks WebSocket", http.StatusUpgradeRequired)
		return
	}
	connection, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer connection.Close()

	// RFC 6455 §4.2.2: the GUID is fixed.
	accept := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, _ = stream.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(accept[:]) + "\r\n\r\n")
	if stream.Flush() != nil {
		return
	}
	for {
		first, payload, err := readFrame(stream.Reader)
		if err != nil {
			return
		}
		const close, ping, pong = 8, 9, 10
		switch first & 0x0f {
		case pong:
			continue
		case ping:
			first = 0x80 | pong
		}
		writeFrame(stream.Writer, first, payload)
		if stream.Flush() != nil || first&0x0f == close {
			return
		}
	}
}

// readFrame returns the first byte (FIN and opcode) and the unmasked payload of one frame (RFC 6455 §5.2).
func readFrame(r *bufio.Reader) (byte, []byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 0x7f)
	var extended [8]byte
	switch size {
	case 126:
		if _, err := io.ReadFull(r, extended[6:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(extended[:])
	case 127:
		if _, err := io.ReadFull(r, extended[:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(extended[:])
	}
	if head[1]&0x80 == 0 || size > messageMax {
		return 0, nil, errors.New("frame is not masked or too big")
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return 0, nil, err
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0], payload, nil
}

// writeFrame's errors stay in the writer until it is flushed.
func writeFrame(w *bufio.Writer, first byte, payload []byte) {
	head := []byte{first}
	switch size := len(payload); {
	case size < 126:
		head = append(head, byte(size))
	case size < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(size))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(size))
	}
	_, _ = w.Write(head)
	_, _ = w.Write(payload)
}
