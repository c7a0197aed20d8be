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
	program := command.Program{Name: "ticket", Usage: usage, Stdout: stdout, Stderr: stderr}
	s, err := parse(args)
	if err != nil {
		return program.Refused(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	found, err := s.fetch(ctx, env, now, command.NewProgress(stderr))
	if found != nil {
		err = errors.Join(err, s.print(found, stdout))
	}
	return program.End(ctx, s.Timeout, err)
}

// fetch reads the ticket that is asked for, or the one of the demo, and what it points to.
func (s settings) fetch(ctx context.Context, env map[string]string, now time.Time, p *command.Progress) (*dossier, error) {
	if s.Issue == "" {
		return fetchDemo(ctx, now, p)
	}
	c, err := clientsFromEnv(ctx, env)
	if err != nil {
		return nil, command.UsageError{Err: err}
	}
	defer c.close()
	return fetchDossier(ctx, s.Issue, now, c, p)
}

func (s settings) print(d *dossier, stdout io.Writer) error {
	if s.Format == "json" {
		return command.WriteJSON(stdout, d)
	}
	_, err := io.WriteString(stdout, d.markdown())
	return err
}
