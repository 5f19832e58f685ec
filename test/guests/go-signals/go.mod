module warren.dev/test/go-signals

go 1.21
