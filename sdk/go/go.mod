module warren.dev/sdk/go

go 1.21
