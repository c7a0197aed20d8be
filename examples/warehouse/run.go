package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/markdown"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is something that the caller has to write differently: a flag or a variable.
type usageError struct{ error }

// Unwrap gives what is wrong.
func (e usageError) Unwrap() error { return e.error }

// run is the program: it prints the report on stdout and what goes on on stderr, and gives the exit code.
func run(ctx context.Context, args []string, env map[string]string, now time.Time, stdout, stderr io.Writer) int {
	s, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(stdout, usage)
		return exitDone
	case err != nil:
		return misused(stderr, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	found, err := s.tell(ctx, env, now, command.NewProgress(stderr))
	if found != nil {
		err = errors.Join(err, s.print(found, stdout))
	}
	if wrong, ok := errors.AsType[usageError](err); ok {
		return misused(stderr, wrong)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "warehouse: %s\n", markdown.Visible(s.failure(ctx, err)))
		return exitFailed
	}
	return exitDone
}

func misused(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "warehouse: %s\nRun warehouse -h for the flags and variables.\n", markdown.Visible(err.Error()))
	return exitUsage
}

// tell finds the life of the load that is asked for, or of the one of the demo.
func (s settings) tell(ctx context.Context, env map[string]string, now time.Time, p *command.Progress) (*life, error) {
	if s.load == "" {
		return tellDemo(ctx, now, p)
	}
	c, err := clientsFromEnv(ctx, env)
	if err != nil {
		return nil, usageError{err}
	}
	defer c.close()
	return tellLife(ctx, s.load, now, c, p)
}

func (s settings) print(l *life, stdout io.Writer) error {
	if s.format == "json" {
		encoder := json.NewEncoder(stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(l)
	}
	_, err := io.WriteString(stdout, l.markdown())
	return err
}

// failure says why there is no report, or none of all.
func (s settings) failure(ctx context.Context, err error) string {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("not done within %s; give more time with -timeout: %s", s.timeout, err)
	case ctx.Err() != nil:
		return "interrupted: " + err.Error()
	}
	return err.Error()
}
