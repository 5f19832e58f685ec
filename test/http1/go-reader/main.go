// What Go's net/http makes of bytes: reads connections from stdin, each a length, the most bytes of one read, and that many
// bytes; prints for each a line with the requests that a handler was given.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

type request struct {
	Method   string      `json:"method"`
	Target   string      `json:"target"`
	Host     string      `json:"host"`
	Fields   [][2]string `json:"fields"`
	Body     string      `json:"body"`
	Whole    bool        `json:"whole"`
	Trailers [][2]string `json:"trailers"`
}

type result struct {
	Requests []request `json:"requests"`
	Answers  string    `json:"answers"`
}

// A connection in memory: what it reads was there before, what is written is kept.
type conn struct {
	in     *bytes.Reader
	most   int
	out    bytes.Buffer
	closed chan struct{}
	once   sync.Once
}

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "192.0.2.1:1" }

func (c *conn) Read(p []byte) (int, error) {
	if len(p) > c.most {
		p = p[:c.most]
	}
	return c.in.Read(p)
}
func (c *conn) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *conn) Close() error                     { c.once.Do(func() { close(c.closed) }); return nil }
func (c *conn) LocalAddr() net.Addr              { return address{} }
func (c *conn) RemoteAddr() net.Addr             { return address{} }
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

type listener struct{ conns chan net.Conn }

func (l listener) Accept() (net.Conn, error) { return <-l.conns, nil }
func (l listener) Close() error              { return nil }
func (l listener) Addr() net.Addr            { return address{} }

func fields(header http.Header) [][2]string {
	list := [][2]string{}
	for name, values := range header {
		for _, value := range values {
			list = append(list, [2]string{name, hex.EncodeToString([]byte(value))})
		}
	}
	return list
}

func main() {
	var seen []request
	server := http.Server{
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			seen = append(seen, request{
				hex.EncodeToString([]byte(r.Method)), hex.EncodeToString([]byte(r.RequestURI)), r.Host,
				fields(r.Header), hex.EncodeToString(body), err == nil, fields(r.Trailer),
			})
		}),
	}
	conns := make(chan net.Conn)
	go server.Serve(listener{conns})

	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		var head [2]uint32
		if binary.Read(input, binary.LittleEndian, &head) != nil {
			return
		}
		data := make([]byte, head[0])
		if _, err := io.ReadFull(input, data); err != nil {
			log.Fatal(err)
		}
		seen = []request{}
		c := &conn{in: bytes.NewReader(data), most: int(head[1]), closed: make(chan struct{})}
		conns <- c
		<-c.closed
		output.Encode(result{seen, c.out.String()})
	}
}
