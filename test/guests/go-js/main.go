//go:build js

// A Go program for JavaScript hosts: what it needs of the host, and what it must not find there.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall/js"
	"time"
)

func main() {
	programs := map[string]func() error{"files": files, "values": values, "escape": escape, "deadlock": deadlock, "fetch": fetch, "random": random, "spin": spin, "sleep": sleep}
	if err := programs[os.Args[1]](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func files() error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	dir := os.Args[2]
	if err := os.MkdirAll(filepath.Join(dir, "a/b"), 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, "a/b/c.txt")
	if err := os.WriteFile(name, input, 0o644); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	fmt.Fprint(f, "!")
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(name, filepath.Join(dir, "a/d.txt")); err != nil {
		return err
	}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fmt.Println(filepath.Base(path))
		}
		return err
	}); err != nil {
		return err
	}
	for _, path := range []string{"/etc/passwd", filepath.Join(dir, "../../../../../../etc/passwd"), filepath.Join(dir, "none")} {
		if _, err := os.ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %v", path, err)
		}
	}
	time.Sleep(10 * time.Millisecond)
	os.Exit(7)
	return nil
}

func values() error {
	object := js.ValueOf(map[string]any{"list": []any{1, "two", nil, true}, "half": 0.5})
	list := object.Get("list")
	called := 0
	double := js.FuncOf(func(this js.Value, args []js.Value) any {
		called++
		return args[0].Int() * 2
	})
	defer double.Release()
	bytes := js.Global().Get("Uint8Array").New(4)
	js.CopyBytesToJS(bytes, []byte("abcd"))
	back := make([]byte, 3)
	js.CopyBytesToGo(back, bytes)
	fmt.Println(list.Length(), list.Index(1), list.Index(2).IsNull(), object.Get("half"), object.Get("none").IsUndefined())
	fmt.Println(double.Invoke(21), called, string(back), bytes.Index(3), list.InstanceOf(js.Global().Get("Array")))
	for range make([]int, 100_000) {
		js.ValueOf(fmt.Sprint("text ", called)).String()
	}
	return nil
}

// escape looks for a way from what it is given to the host's JavaScript.
func escape() error {
	global := js.Global()
	start := []js.Value{global, js.ValueOf("text"), js.ValueOf(map[string]any{}), js.FuncOf(func(js.Value, []js.Value) any { return nil }).Value}
	for _, name := range []string{"Object", "Array", "Uint8Array", "Date", "Error", "process", "path", "fs", "crypto", "performance", "fetch", "Headers", "AbortController"} {
		start = append(start, global.Get(name))
	}
	headers, controller := global.Get("Headers").New(), global.Get("AbortController").New()
	headers.Call("append", "name", "value")
	promise := global.Call("fetch", "http://127.0.0.1/", map[string]any{"headers": headers, "signal": controller.Get("signal")})
	start = append(start, headers, headers.Call("entries"), headers.Call("entries").Call("next").Get("value"), controller, controller.Get("signal"), promise)
	refused := make(chan js.Value)
	promise.Call("then", nil, js.FuncOf(func(_ js.Value, args []js.Value) any {
		go func() { refused <- args[0] }()
		return nil
	}))
	reason := <-refused
	if reason.Get("message").String() != "127.0.0.1: not granted" || !reason.Get("stack").IsUndefined() || !reason.Get("cause").IsUndefined() {
		return fmt.Errorf("refused by %v", reason.Get("message"))
	}
	start = append(start, global.Get("Date").New(), global.Get("fs").Get("open"), global.Get("Uint8Array").New(1))
	for i, value := range start {
		for _, name := range []string{"constructor", "__proto__", "prototype", "call", "apply", "bind", "toString", "valueOf", "properties", "items", "bytes"} {
			if value.Type() == js.TypeString {
				if name != "length" && !get(value, name).IsUndefined() {
					return fmt.Errorf("value %d has %s", i, name)
				}
			} else if !value.Get(name).IsUndefined() {
				return fmt.Errorf("value %d has %s", i, name)
			}
		}
	}
	for _, name := range []string{"Function", "eval", "require", "import", "module", "Reflect", "Proxy", "WebAssembly", "global", "globalThis2", "setTimeout", "Buffer", "Request", "Response", "XMLHttpRequest", "WebSocket"} {
		if !global.Get(name).IsUndefined() {
			return fmt.Errorf("there is %s", name)
		}
	}
	if !global.Get("process").Get("binding").IsUndefined() || !global.Get("process").Get("env").IsUndefined() {
		return errors.New("process has more than it should")
	}
	// Names that mean something to a host's objects are ours to set, and mean nothing.
	object := global.Get("Object").New()
	object.Set("__proto__", global.Get("process"))
	if !object.Get("pid").IsUndefined() || !global.Get("Object").New().Get("__proto__").IsUndefined() {
		return errors.New("a prototype was set")
	}
	for _, call := range []func(){
		func() { global.Get("Array").New(1 << 40) },
		func() { global.Get("Uint8Array").New(-1) },
		func() { global.Get("process").New() },
		func() { global.Call("missing") },
		func() { global.Get("fs").Call("open", "/") },
	} {
		if err := caught(call); err == nil {
			return errors.New("a call that must fail did not")
		}
	}
	fmt.Println("confined")
	return nil
}

// get reads a property of a primitive, which syscall/js itself refuses to.
func get(value js.Value, name string) (result js.Value) {
	defer func() { recover() }()
	return value.Get(name)
}

func caught(call func()) (err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%v", e)
		}
	}()
	call()
	return nil
}

// fetch sends a request by net/http: a method, an address, and a body that may be left out.
func fetch() error {
	body := io.Reader(nil)
	if len(os.Args) > 4 {
		body = strings.NewReader(os.Args[4])
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	if os.Args[2] == "ABANDON" {
		ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
		os.Args[2] = "GET"
	}
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, os.Args[2], os.Args[3], body)
	if err != nil {
		return err
	}
	request.Header.Add("X-Asked", "one")
	request.Header.Add("X-Asked", "two")
	request.Header.Set("Authorization", "secret")
	request.Header.Set("Transfer-Encoding", "chunked")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, answer.ContentLength, answer.Header["X-Answer"], answer.Request.URL.Path)
	hash := sha256.New()
	count, err := io.Copy(io.MultiWriter(hash, &first{}), answer.Body)
	fmt.Printf("\n%d %x\n", count, hash.Sum(nil))
	return err
}

// first prints the first bytes that it gets.
type first struct{ printed bool }

func (f *first) Write(data []byte) (int, error) {
	if !f.printed {
		fmt.Printf("%s", data[:min(len(data), 100)])
	}
	f.printed = true
	return len(data), nil
}

// random takes bytes from where Go before 1.24 does.
func random() error {
	crypto, bytes := js.Global().Get("crypto"), js.Global().Get("Uint8Array").New(1000)
	crypto.Call("getRandomValues", bytes)
	drawn := make([]byte, 1000)
	js.CopyBytesToGo(drawn, bytes)
	seen := map[byte]bool{}
	for _, b := range drawn {
		seen[b] = true
	}
	for _, wrong := range []js.Value{js.ValueOf(1), js.Global(), js.Global().Get("Uint8Array").New(65537)} {
		if err := caught(func() { crypto.Call("getRandomValues", wrong) }); err == nil {
			return errors.New("a call that must fail did not")
		}
	}
	before := js.Global().Get("performance").Call("now").Float()
	fmt.Println(len(seen) > 200, js.Global().Get("performance").Call("now").Float() >= before)
	return nil
}

func spin() error {
	for count := 0; ; count++ {
		fmt.Fprint(io.Discard, count)
	}
}

func sleep() error {
	time.Sleep(time.Hour)
	return nil
}

func deadlock() error {
	<-make(chan int)
	return nil
}
