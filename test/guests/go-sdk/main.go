// Compiled by plain `go build`: a server and its client, by the module in sdk/go.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	warren "warren.dev/sdk/go"
)

func main() {
	run := talk
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		run = serve
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	l, err := warren.Listen("tcp", ":8080")
	if err != nil {
		return err
	}
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s\n", r.URL.Path)
	}))
}

func talk() error {
	l, err := warren.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr().Network(), l.Addr().(*net.TCPAddr).IP)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintln(w, host, err)
	}))
	// By name: the resolver is Go's, asked through ours.
	answer, err := http.Get(fmt.Sprintf("http://localhost:%d/", l.Addr().(*net.TCPAddr).Port))
	if err != nil {
		return err
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return err
	}
	if _, err := net.LookupHost("nowhere.invalid"); err == nil {
		return errors.New("nowhere.invalid was found")
	}

	pc, err := warren.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	pc.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, _, err := pc.ReadFrom(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("a read past its deadline: %v", err)
	}
	pc.SetReadDeadline(time.Time{})
	go func() {
		buf := make([]byte, 100)
		n, from, err := pc.ReadFrom(buf)
		if err == nil {
			_, err = pc.WriteTo(buf[:n], from)
		}
		if err != nil {
			log.Fatal(err)
		}
	}()
	c, err := warren.Dial("udp", pc.LocalAddr().String())
	if err != nil {
		return err
	}
	if _, err := c.Write([]byte("ping")); err != nil {
		return err
	}
	buf := make([]byte, 100)
	n, err := c.Read(buf)
	fmt.Printf("%s\n", buf[:n])
	return err
}
