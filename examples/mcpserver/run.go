package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/mcp"
)

// streams are those of the process. With -stdio out belongs to the protocol alone.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the program: it serves until the context ends, and gives the exit code.
func run(ctx context.Context, args []string, env map[string]string, now time.Time, std streams) int {
	program := command.Program{Name: "mcpserver", Usage: usage, Stdout: std.out, Stderr: std.err}
	s, err := parse(args)
	if err != nil {
		return program.Refused(err)
	}
	err = s.run(ctx, env, now, std)
	return program.End(context.WithoutCancel(ctx), 0, err) // that it was interrupted is how it ends
}

func (s settings) run(ctx context.Context, env map[string]string, now time.Time, std streams) (err error) {
	tokens, err := s.tokens(ctx, env)
	if err != nil {
		return command.UsageError{Err: err}
	}
	w, err := s.open(ctx, env, now, command.NewProgress(std.err))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	config := mcp.ServerConfig{
		Instructions: w.instructions(), Tokens: tokens, AllowedHosts: s.hosts(), AllowedOrigins: s.Origins,
		Stateless: s.Stateless, Writes: s.Writes,
	}
	boxes := w.boxes()
	server, err := mcp.NewServer(ctx, config, boxes, base.WithLogger(slog.New(slog.NewTextHandler(std.err, nil))))
	if err != nil {
		return command.UsageError{Err: err}
	}
	if s.Stdio {
		return s.serveStdio(ctx, server, std)
	}
	n := notice{boxes: boxes, demo: w.demo}
	if len(tokens) > 0 {
		n.tokens = s.tokenVariable()
	}
	return s.serveHTTP(ctx, server, n, std.out)
}
