package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/markdown"
)

// The exit codes.
const (
	Done    = 0
	Failed  = 1
	Misused = 2
)

// UsageError is something that the caller has to write differently: a flag or a variable.
type UsageError struct{ Err error }

// Error says what is wrong.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap gives what is wrong.
func (e UsageError) Unwrap() error { return e.Err }

// Program is a program of the command line: it prints its report on Stdout and what goes on on Stderr.
type Program struct {
	Name   string
	Usage  string // what -h prints
	Omit   string // words of errors that tell a reader nothing; empty is none
	Stdout io.Writer
	Stderr io.Writer
}

// Refused answers arguments that cannot be read, or that ask for the usage, and gives the exit code.
func (p Program) Refused(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		_, _ = io.WriteString(p.Stdout, p.Usage)
		return Done
	}
	return p.misused(err)
}

func (p Program) misused(err error) int {
	_, _ = fmt.Fprintf(p.Stderr, "%s: %s\nRun %[1]s -h for the flags and variables.\n", p.Name, markdown.Visible(err.Error()))
	return Misused
}

// End says on Stderr why there is no report, or none of all, and gives the exit code. The context is the one under which
// the program worked, for at most so long.
func (p Program) End(ctx context.Context, timeout time.Duration, err error) int {
	if err == nil {
		return Done
	}
	if wrong, ok := errors.AsType[UsageError](err); ok {
		return p.misused(wrong)
	}
	text := err.Error()
	if p.Omit != "" {
		text = strings.ReplaceAll(text, p.Omit, "")
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		text = fmt.Sprintf("not done within %s; give more time with -timeout: %s", timeout, text)
	case ctx.Err() != nil:
		text = "interrupted: " + text
	}
	_, _ = fmt.Fprintf(p.Stderr, "%s: %s\n", p.Name, markdown.Visible(text))
	return Failed
}

// WriteJSON writes a report as another program reads it.
func WriteJSON(out io.Writer, report any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}
