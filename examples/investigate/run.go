package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/fourkites/sources/internal/markdown"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// result is a report in both of its forms.
type result struct {
	json     any
	markdown string
	score    *score
}

// usageError is something that the caller has to write differently: a flag or a variable.
type usageError struct{ error }

// Unwrap gives what is wrong.
func (e usageError) Unwrap() error { return e.error }

// run is the program: it prints the report on stdout and what goes on on stderr, and gives the exit code.
func run(ctx context.Context, args []string, env map[string]string, stdout, stderr io.Writer) int {
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
	p := newProgress(stderr)
	found, err := s.investigate(ctx, env, p)
	if found.json != nil { // also when cleaning up failed
		err = errors.Join(err, s.print(found, stdout, stderr))
	}
	if wrong, ok := errors.AsType[usageError](err); ok {
		return misused(stderr, wrong)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "investigate: %s\n", markdown.Visible(s.failure(ctx, err)))
		return exitFailed
	}
	return exitDone
}

func misused(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "investigate: %s\nRun investigate -h for the flags and variables.\n", markdown.Visible(err.Error()))
	return exitUsage
}

func (s settings) investigate(ctx context.Context, env map[string]string, p *progress) (result, error) {
	switch {
	case s.load != "":
		return s.investigateLoad(ctx, env, p)
	case s.caseDir != "":
		return s.investigateCase(ctx, env, p)
	}
	return investigateTicket(ctx, p)
}

// print writes the report: the JSON form alone on stdout, so that another program can read it.
func (s settings) print(r result, stdout, stderr io.Writer) error {
	if s.format == "json" {
		if r.score != nil {
			_, _ = fmt.Fprintf(stderr, "score: %s\n", r.score)
		}
		encoder := json.NewEncoder(stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r.json)
	}
	text := r.markdown
	if r.score != nil {
		text += fmt.Sprintf("\n## Score\n\n%s.\n", r.score)
	}
	_, err := io.WriteString(stdout, text)
	return err
}

// failure says why there is no report, or none of all.
func (s settings) failure(ctx context.Context, err error) string {
	text := strings.ReplaceAll(err.Error(), "incident: Read: invalid: ", "") // the file that it names says enough
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("not done within %s; give more time with -timeout: %s", s.timeout, text)
	case ctx.Err() != nil:
		return "interrupted: " + text
	}
	return text
}
