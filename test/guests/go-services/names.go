package main

import (
	"net"

	"github.com/miekg/dns"
)

// serveDNS answers over UDP and TCP.
func serveDNS([]string) error {
	dns.HandleFunc("example.", func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(r)
		rr, err := dns.NewRR(r.Question[0].Name + " 60 IN A 192.0.2.7")
		if err == nil && r.Question[0].Qtype == dns.TypeA {
			m.Answer = append(m.Answer, rr)
		}
		w.WriteMsg(m)
	})
	datagrams, err := net.ListenPacket("udp", ":5353")
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	// In a struct of its own: of a plain *net.UDPConn the library wants control messages, which golang.org/x/net has for the
	// systems that it knows only.
	udp := &dns.Server{PacketConn: struct{ net.PacketConn }{datagrams}}
	tcp := &dns.Server{Addr: ":5353", Net: "tcp"}
	go func() { failed <- udp.ActivateAndServe() }()
	go func() { failed <- tcp.ListenAndServe() }()
	return <-failed
}
