// Package warren gives Go programs for WASI preview 1 the sockets of Warren, where they are compiled by plain `go build`. (Programs
// compiled by `warren build` have them in package net and need nothing of this.)
//
// Importing it is enough for clients: http.DefaultTransport dials by DialContext, and net.DefaultResolver asks the host.
// Package net itself cannot be reached from outside, so that Listen, ListenPacket and Dial are to be called here in
// the place of net's.
//
//	l, err := warren.Listen("tcp", ":8080")
//	http.Serve(l, nil)
//
// On other systems the functions are those of package net.
package warren
