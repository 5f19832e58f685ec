// The test service of grpc-go's interop package, or with an address as argument a client that runs its cases against it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

func main() {
	authority := flag.String("authority", "", "the name that the service is routed by")
	ca := flag.String("ca", "", "file of the authorities to trust; without it, no TLS")
	flag.Parse()
	var err error
	if flag.NArg() == 0 {
		err = serve()
	} else {
		err = call(flag.Arg(0), *authority, *ca)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	l, err := net.Listen("tcp", ":50051")
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	testpb.RegisterTestServiceServer(s, interop.NewTestServer())
	return s.Serve(l)
}

func call(address, authority, ca string) error {
	creds := insecure.NewCredentials()
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		creds = credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: authority})
	}
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(creds), grpc.WithAuthority(authority))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := testpb.NewTestServiceClient(conn)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	cases := []struct {
		name string
		run  func()
	}{
		{"empty_unary", func() { interop.DoEmptyUnaryCall(ctx, client) }},
		{"large_unary", func() { interop.DoLargeUnaryCall(ctx, client) }},
		{"client_streaming", func() { interop.DoClientStreaming(ctx, client) }},
		{"server_streaming", func() { interop.DoServerStreaming(ctx, client) }},
		{"ping_pong", func() { interop.DoPingPong(ctx, client) }},
		{"empty_stream", func() { interop.DoEmptyStream(ctx, client) }},
		{"timeout_on_sleeping_server", func() { interop.DoTimeoutOnSleepingServer(ctx, client) }},
		{"cancel_after_begin", func() { interop.DoCancelAfterBegin(ctx, client) }},
		{"cancel_after_first_response", func() { interop.DoCancelAfterFirstResponse(ctx, client) }},
		{"status_code_and_message", func() { interop.DoStatusCodeAndMessage(ctx, client) }},
		{"special_status_message", func() { interop.DoSpecialStatusMessage(ctx, client) }},
		{"custom_metadata", func() { interop.DoCustomMetadata(ctx, client) }},
		{"unimplemented_method", func() { interop.DoUnimplementedMethod(ctx, conn) }},
		{"unimplemented_service", func() {
			interop.DoUnimplementedService(ctx, testpb.NewUnimplementedServiceClient(conn))
		}},
		{"many_streams", func() { manyStreams(ctx, client) }},
		{"deadline", func() { deadline(ctx, client) }},
	}
	for _, c := range cases {
		// A case that fails ends the program, and says why on stderr.
		c.run()
		fmt.Println(c.name)
	}
	return nil
}

// More streams at a time than one connection of HTTP/2 takes, each with messages both ways in turn.
func manyStreams(ctx context.Context, client testpb.TestServiceClient) {
	var group sync.WaitGroup
	for range 150 {
		group.Go(func() {
			if err := pingPong(ctx, client, 10); err != nil {
				log.Fatal(err)
			}
		})
	}
	group.Wait()
}

func pingPong(ctx context.Context, client testpb.TestServiceClient, messages int) error {
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for size := range messages {
		request := &testpb.StreamingOutputCallRequest{
			ResponseParameters: []*testpb.ResponseParameters{{Size: int32(size + 1)}},
		}
		if err := stream.Send(request); err != nil {
			return err
		}
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if len(answer.GetPayload().GetBody()) != size+1 {
			return fmt.Errorf("asked for %d bytes, got %d", size+1, len(answer.GetPayload().GetBody()))
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the stream did not end: %v", err)
	}
	return nil
}

// A server that sleeps past the client's deadline does not hold up what comes after.
func deadline(ctx context.Context, client testpb.TestServiceClient) {
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	stream, err := client.StreamingOutputCall(short, &testpb.StreamingOutputCallRequest{
		ResponseParameters: []*testpb.ResponseParameters{{Size: 1, IntervalUs: 60_000_000}},
	})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.DeadlineExceeded {
		log.Fatalf("after the deadline: %v", err)
	}
	interop.DoEmptyUnaryCall(ctx, client)
}
