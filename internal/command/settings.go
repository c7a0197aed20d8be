package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// Settings are the arguments that the programs share.
type Settings struct {
	Format  string // markdown or json
	Load    string // tracking id
	Timeout time.Duration
}

// Flags are the flags of a program of that name, the shared ones in place: without them the format is markdown and the
// timeout is the given one.
func (s *Settings) Flags(name string, timeout time.Duration) *flag.FlagSet {
	s.Timeout = timeout
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.Format, "format", "markdown", "")
	flags.StringVar(&s.Load, "load", "", "")
	flags.Func("timeout", "", func(text string) (err error) {
		if s.Timeout, err = time.ParseDuration(text); err != nil {
			return errors.New("write it with a unit, such as 5s")
		}
		return nil
	})
	return flags
}

// Check gives every problem of what was parsed: a word that is no flag, as which meant was probably left out, a flag of
// text whose value is empty, and the shared flags. A tracking id has at most so many digits.
func (s *Settings) Check(flags *flag.FlagSet, meant string, digits int) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if flags.NArg() > 0 {
		problem("%q: not a flag; did you mean -%s %[1]s?", flags.Arg(0), meant)
	}
	if s.Format != "markdown" && s.Format != "json" {
		problem("-format %q: write markdown or json", s.Format)
	}
	if s.Timeout <= 0 {
		problem("-timeout %s: must be above zero, such as 30s", s.Timeout)
	}
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" && f.Name != "format" && f.Name != "timeout" {
			problem("-%s: the value is empty", f.Name)
		}
	})
	if strings.Trim(s.Load, "0123456789") != "" || len(s.Load) > digits {
		problem("-load %.40q: not a tracking id, which is made of at most %d digits; a load number is another thing", s.Load, digits)
	}
	return errors.Join(problems...)
}
