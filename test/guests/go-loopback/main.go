// A server and its client in one program, as tests of Go programs have them; for every version of Go that is supported.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"
)

func main() {
	if err := talk(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func talk() error {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	defer server.Close()
	for i := 0; i < 20; i++ {
		answer, err := http.Get(server.URL)
		if err != nil {
			return err
		}
		answer.Body.Close()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("a read past its deadline: %v", err)
	}
	fmt.Println("talked")
	return nil
}
