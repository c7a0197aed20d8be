package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/mcp"
)

// grace is how long calls that are under way have at the end, and once more the connections that carry what they answered.
const grace = 5 * time.Second

// serveHTTP serves until the context ends, then lets what is under way end within its grace.
func (s settings) serveHTTP(ctx context.Context, server *mcp.Server, n notice, out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("-listen %s: %w", s.Listen, err)
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
		close(failed)
	}()
	if _, err = io.WriteString(out, s.welcome(listener.Addr().String(), n)); err == nil {
		select {
		case err = <-failed:
		case <-ctx.Done():
		}
	}
	// Sessions end first: their streams are requests that web would wait for.
	err = errors.Join(err, shutdown(ctx, server))
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if web.Shutdown(rest) != nil {
		_ = web.Close() // what is left is nobody's call
	}
	return errors.Join(err, <-failed)
}

// shutdown lets the calls that are under way end within their grace.
func shutdown(ctx context.Context, server *mcp.Server) error {
	rest, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), grace, fmt.Errorf("they were not done within %s", grace))
	defer cancel()
	return server.Shutdown(rest)
}

// serveStdio serves the one client at the other end of stdin and stdout, until it leaves or the context ends.
func (s settings) serveStdio(ctx context.Context, server *mcp.Server, std streams) error {
	if names := server.Endpoints(); s.Endpoint != "" && !slices.Contains(names, s.Endpoint) {
		return command.UsageError{Err: fmt.Errorf("-endpoint %.60q: is not served; write one of %s", s.Endpoint, strings.Join(names, ", "))}
	}
	err := server.ServeStdio(ctx, s.Endpoint, std.in, std.out)
	return errors.Join(err, shutdown(ctx, server))
}
