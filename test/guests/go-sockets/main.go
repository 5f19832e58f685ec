// A client and server over github.com/stealthrocket/net, which calls the socket functions as wasi-go has them.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	_ "github.com/stealthrocket/net/http"
	"github.com/stealthrocket/net/wasip1"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch args[0] {
	case "client":
		conn, err := wasip1.Dial("tcp", net.JoinHostPort(args[1], args[2]))
		if err != nil {
			return err
		}
		defer conn.Close()
		fmt.Println("peer", conn.RemoteAddr())
		if _, err := io.WriteString(conn, args[3]); err != nil {
			return err
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			return err
		}
		text, err := io.ReadAll(conn)
		fmt.Printf("%s\nended\n", text)
		return err
	case "udp":
		conn, err := wasip1.Dial("udp", net.JoinHostPort(args[1], args[2]))
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, args[3]); err != nil {
			return err
		}
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		buffer := make([]byte, 512)
		n, err := conn.Read(buffer)
		fmt.Printf("%s from %s\n", buffer[:n], conn.RemoteAddr())
		return err
	case "get":
		answer, err := http.Get(args[1])
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		fmt.Printf("%s %s\n", answer.Status, text)
		return err
	case "self":
		listener, err := wasip1.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "to myself: %s", r.URL.Path)
		}))
		return run([]string{"get", "http://" + listener.Addr().String() + "/path"})
	case "server":
		listener, err := wasip1.Listen("tcp", ":8080")
		if err != nil {
			return err
		}
		for {
			conn, err := listener.Accept()
			if err != nil {
				return err
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 512)
				n, _ := conn.Read(buffer)
				fmt.Fprintf(conn, "port 8080: %s", buffer[:n])
			}()
		}
	}
	return fmt.Errorf("%s?", args[0])
}
