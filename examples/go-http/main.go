// A net/http server: everything here but listen is what any Go service looks like.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// Lives in the guest's memory, so it counts on for as long as the instance does.
var visits atomic.Int64

const bigMax = 4 << 30

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("GET /stream", stream)
	mux.HandleFunc("GET /big", big)
	mux.HandleFunc("GET /slow", slow)
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		log.Print("crashing because I was asked to")
		os.Exit(1)
	})
	mux.HandleFunc("GET /ws", websocketEcho)

	listener, err := listen()
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %v", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}

// listen takes the listener that the host hands over as descriptor 3. Without one, as when the program is built for the
// machine itself, it opens ADDR.
func listen() (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") != "" {
		return net.FileListener(os.NewFile(3, "http"))
	}
	addr := os.Getenv("ADDR")
	if addr == "" {
		addr = "127.0.0.1:8080"
	}
	return new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "Hello from Go %s: visit %d\n", runtime.Version()[2:], visits.Add(1))
}

// echo answers with the request's own body, piece by piece.
func echo(w http.ResponseWriter, r *http.Request) {
	// Without this the server reads the rest of the body before the first byte of the answer leaves.
	_ = http.NewResponseController(w).EnableFullDuplex()
	if kind := r.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}

// stream sends five server-sent events, 200 ms apart.
func stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	control := http.NewResponseController(w)
	for tick := 1; tick <= 5; tick++ {
		fmt.Fprintf(w, "data: tick %d\n\n", tick)
		if control.Flush() != nil || tick == 5 {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// big answers with bytes=N bytes, of which no more than 64 KiB are in memory at once.
func big(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
	if err != nil || size < 0 || size > bigMax {
		http.Error(w, fmt.Sprintf("bytes must be a number from 0 to %d", int64(bigMax)), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	// Hides ReadFrom, which would fall back to smaller pieces here.
	_, _ = io.CopyBuffer(struct{ io.Writer }{w}, io.LimitReader(pattern{}, size), make([]byte, 64<<10))
}

type pattern struct{}

func (pattern) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// slow answers after ms=N milliseconds; the server goes on with other requests meanwhile.
func slow(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || ms < 0 || ms > 60_000 {
		http.Error(w, "ms must be a number from 0 to 60000", http.StatusBadRequest)
		return
	}
	select {
	case <-r.Context().Done():
	case <-time.After(time.Duration(ms) * time.Millisecond):
		fmt.Fprintf(w, "waited %d ms\n", ms)
	}
}
