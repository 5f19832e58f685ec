package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

func useRedis(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: args[0]})
	defer c.Close()
	if err := c.Set(ctx, "colour", "green", time.Minute).Err(); err != nil {
		return err
	}
	for i := range 100 {
		if err := c.LPush(ctx, "list", i).Err(); err != nil {
			return err
		}
	}
	colour, err := c.Get(ctx, "colour").Result()
	if err != nil {
		return err
	}
	n, err := c.LLen(ctx, "list").Result()
	fmt.Println(colour, n)
	return err
}

func get(args []string) error {
	client := http.Client{Timeout: 30 * time.Second}
	for _, url := range args {
		answer, err := client.Get(url)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			return err
		}
		fmt.Printf("%s %s\n", answer.Status, body)
	}
	return nil
}

// waitForSignal ends as servers do that shut down in order.
func waitForSignal([]string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := http.Server{Addr: ":8080"}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		fmt.Println("shutting down")
		return server.Shutdown(context.Background())
	}
}
