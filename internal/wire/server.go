// Package wire is what the fakes of sources do below their own answers: a server of HTTP that counts its connections and
// acts out faults on them, a certificate that signs itself, a connection that is reset, and a wait that ends early. The
// words of a source stay in its fake.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// nowhere is the address of a server that did not start.
const nowhere = "127.0.0.1:0"

// Server is an HTTP server on a free port of 127.0.0.1, HTTPS where it is given a certificate. The zero value is one that
// has not started: nobody can connect. All but Start is safe for concurrent use once Start has returned. It must not be
// copied. The caller closes it.
type Server struct {
	// Faults strike the next connections where they are faults on connect. The fake takes the others, and hands them to
	// [Server.Act].
	Faults fault.Plan

	// List is what the server sends where a fault asks for a long answer. Set it before Start.
	List List

	scheme   string
	listener *listener // nil: did not start
	http     *http.Server
	stop     context.CancelFunc
	serving  sync.WaitGroup
}

// Start listens and serves. It is called once, and fails only on a machine that is out of ports or descriptors. Nil
// settings are plain HTTP. The context of each request ends with [Server.Close] too.
func (s *Server) Start(handler http.HandlerFunc, settings *tls.Config) error {
	plain, err := new(net.ListenConfig).Listen(context.Background(), "tcp", nowhere)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.listener, s.scheme, s.stop = newListener(plain, &s.Faults), "http", stop
	s.http = &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx }, TLSConfig: settings,
	}
	serve := s.http.Serve
	if settings != nil {
		s.scheme = "https"
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	s.serving.Go(func() { // ends with Close
		if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			_ = plain.Close()
		}
	})
	return nil
}

// Addr is host:port; port 0 if the server did not start.
func (s *Server) Addr() string {
	if s.listener == nil {
		return nowhere
	}
	return s.listener.Addr().String()
}

// URL is where the server is reached, without a path.
func (s *Server) URL() string {
	if s.listener == nil {
		return "http://" + nowhere
	}
	return s.scheme + "://" + s.Addr()
}

// Connections is how many connections are open now, and how many were accepted since the start.
func (s *Server) Connections() (open, total int) {
	if s.listener == nil {
		return 0, 0
	}
	return s.listener.count()
}

// DropConnections drops every open connection. New ones are accepted.
func (s *Server) DropConnections() {
	if s.listener != nil {
		s.listener.drop()
	}
}

// Close ends the server and every connection, and waits until no more is accepted. It may be called again.
func (s *Server) Close() {
	if s.listener == nil {
		return
	}
	s.stop()
	_ = s.http.Close()
	s.listener.drop()
	s.serving.Wait()
}
