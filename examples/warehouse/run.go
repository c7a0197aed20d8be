package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/fourkites/sources/internal/command"
)

// run is the program: it prints the report on stdout and what goes on on stderr, and gives the exit code.
func run(ctx context.Context, args []string, env map[string]string, now time.Time, stdout, stderr io.Writer) int {
	program := command.Program{Name: "warehouse", Usage: usage, Stdout: stdout, Stderr: stderr}
	s, err := parse(args)
	if err != nil {
		return program.Refused(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	found, err := s.tell(ctx, env, now, command.NewProgress(stderr))
	if found != nil {
		err = errors.Join(err, s.print(found, stdout))
	}
	return program.End(ctx, s.Timeout, err)
}

// tell finds the life of the load that is asked for, or of the one of the demo.
func (s settings) tell(ctx context.Context, env map[string]string, now time.Time, p *command.Progress) (*life, error) {
	if s.Load == "" {
		return tellDemo(ctx, now, p)
	}
	c, err := clientsFromEnv(ctx, env)
	if err != nil {
		return nil, command.UsageError{Err: err}
	}
	defer c.close()
	return tellLife(ctx, s.Load, now, c, p)
}

func (s settings) print(l *life, stdout io.Writer) error {
	if s.Format == "json" {
		return command.WriteJSON(stdout, l)
	}
	_, err := io.WriteString(stdout, l.markdown())
	return err
}
