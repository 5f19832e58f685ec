package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var greetings = promauto.NewCounter(prometheus.CounterOpts{Name: "greetings_total", Help: "Greetings."})

// serveHTTP has two web frameworks, a Prometheus exporter and a WebSocket on one port.
func serveHTTP([]string) error {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.RealIP, middleware.Recoverer, middleware.Timeout(10*time.Second))
	r.Get("/hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		greetings.Inc()
		w.Write([]byte("hello " + chi.URLParam(r, "name")))
	})
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("as intended") })

	e := echo.New()
	e.POST("/echo", func(c echo.Context) error {
		var body map[string]any
		if err := c.Bind(&body); err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, body)
	})
	r.Mount("/echo", e)

	r.Handle("/metrics", promhttp.Handler())
	r.Get("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<!doctype html><title>page</title><link rel=icon href=data:,>"))
	})
	// Events for as long as the client listens, the next when the one before was seen.
	seen := make(chan struct{}, 1)
	r.Post("/seen", func(http.ResponseWriter, *http.Request) { seen <- struct{}{} })
	r.Get("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 1; ; i++ {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-seen:
			case <-r.Context().Done():
				return
			}
		}
	})
	r.Get("/ws", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
			kind, data, err := c.Read(ctx)
			cancel()
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, append([]byte("you said "), data...)); err != nil {
				return
			}
		}
	})
	return http.ListenAndServe(":8080", r)
}
