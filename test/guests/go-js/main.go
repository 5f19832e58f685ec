//go:build js

// A Go program for JavaScript hosts: what it needs of the host, and what it must not find there.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall/js"
	"time"
)

func main() {
	programs := map[string]func() error{"files": files, "values": values, "escape": escape, "deadlock": deadlock}
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
	for _, name := range []string{"Object", "Array", "Uint8Array", "Date", "Error", "process", "path", "fs"} {
		start = append(start, global.Get(name))
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
	for _, name := range []string{"Function", "eval", "require", "import", "module", "Reflect", "Proxy", "WebAssembly", "global", "globalThis2", "setTimeout", "Buffer", "fetch"} {
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

func deadlock() error {
	<-make(chan int)
	return nil
}
