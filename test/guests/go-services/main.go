// Servers and clients as their libraries' documentation has them: nothing here knows of Warren. The first argument chooses.
package main

import (
	"fmt"
	"log"
	"os"
)

var programs = map[string]func(args []string) error{
	"http":    serveHTTP,
	"dns":     serveDNS,
	"redis":   useRedis,
	"get":     get,
	"signals": waitForSignal,
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: services PROGRAM [ARGS...]")
		os.Exit(2)
	}
	if err := programs[os.Args[1]](os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}
