package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fourkites/sources/internal/command"
)

// result is a report in both of its forms.
type result struct {
	json     any
	markdown string
	score    *score
}

// run is the program: it prints the report on stdout and what goes on on stderr, and gives the exit code.
func run(ctx context.Context, args []string, env map[string]string, stdout, stderr io.Writer) int {
	program := command.Program{
		Name: "investigate", Usage: usage, Stdout: stdout, Stderr: stderr,
		Omit: "incident: Read: invalid: ", // the file that it names says enough
	}
	s, err := parse(args)
	if err != nil {
		return program.Refused(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	found, err := s.investigate(ctx, env, newProgress(stderr))
	if found.json != nil { // also when cleaning up failed
		err = errors.Join(err, s.print(found, stdout, stderr))
	}
	return program.End(ctx, s.Timeout, err)
}

func (s settings) investigate(ctx context.Context, env map[string]string, p *progress) (result, error) {
	switch {
	case s.Load != "":
		return s.investigateLoad(ctx, env, p)
	case s.caseDir != "":
		return s.investigateCase(ctx, env, p)
	}
	return investigateTicket(ctx, p)
}

// print writes the report: the JSON form alone on stdout, so that another program can read it.
func (s settings) print(r result, stdout, stderr io.Writer) error {
	if s.Format == "json" {
		if r.score != nil {
			_, _ = fmt.Fprintf(stderr, "score: %s\n", r.score)
		}
		return command.WriteJSON(stdout, r.json)
	}
	text := r.markdown
	if r.score != nil {
		text += fmt.Sprintf("\n## Score\n\n%s.\n", r.score)
	}
	_, err := io.WriteString(stdout, text)
	return err
}
