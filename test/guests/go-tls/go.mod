module warren.dev/test/go-tls

go 1.24
