module go-sockets

go 1.22

require github.com/stealthrocket/net v0.2.1
