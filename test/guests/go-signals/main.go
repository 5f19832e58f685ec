// What os/signal gives a program of `warren build`: graceful ends above all.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2], os.Args[3])
	case "next":
		next()
	case "stop":
		stop()
	case "ignore":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready", signal.Ignored(syscall.SIGTERM), signal.Ignored(os.Interrupt))
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
		select {}
	case "spin":
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
		fmt.Println("ready")
		for {
		}
	}
}

// A server as they are written; it says goodbye for a while, at last by a word or a file.
func serve(last, port string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	http.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		time.Sleep(500 * time.Millisecond)
		fmt.Fprintln(w, "slow")
	})
	server := &http.Server{Addr: ":" + port}
	listener, err := net.Listen("tcp", server.Addr)
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case <-ctx.Done():
	case err := <-done:
		fmt.Println(err)
		os.Exit(1)
	}
	stop()
	fmt.Println("stopping")
	if err := server.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		fmt.Println(err)
		os.Exit(1)
	}
	time.Sleep(200 * time.Millisecond)
	if filepath.IsAbs(last) {
		os.WriteFile(last, []byte("bye\n"), 0o644)
		return
	}
	fmt.Println(last)
}

// Prints the signals that come, until SIGTERM.
func next() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals)
	fmt.Println("ready")
	for s := range signals {
		fmt.Println(s)
		if s == syscall.SIGTERM {
			return
		}
	}
}

// Catches one signal, then wants no more.
func stop() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	fmt.Println("ready")
	<-signals
	signal.Stop(signals)
	fmt.Println("stopped")
	select {}
}
