package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// ServeStdio serves one client over a pair of streams until in ends, the context ends, or Shutdown: all tools, or those of the
// endpoint of that name. Nothing but messages is written to out. Where in ends before its last requests are answered, as it
// does in a pipeline, they are answered first. A context that ended is not an error. A reader of in that does not end is left
// reading: the caller owns it.
func (s *Server) ServeStdio(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	e, ok := s.endpoints[name]
	if !ok {
		return invalid(s.config.Name, "ServeStdio", fmt.Errorf("there is no endpoint %q; they are %q", name, s.Endpoints()))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ended, cancel)()
	open := newLedger(int(s.config.MaxRequestBytes))
	transport := &sdk.IOTransport{
		Reader: io.NopCloser(&reader{in, open, ctx, s.config.CallTimeout.D()}), Writer: writer{out, open}, MaxLineLength: int(s.config.MaxRequestBytes),
	}
	session, err := s.serve(ctx, e).Connect(ctx, transport, nil)
	if err != nil {
		return fmt.Errorf("mcp: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = session.Close() })()
	err = session.Wait()
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
