package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/command"
)

// settings are the arguments of the command line.
type settings struct {
	format  string // markdown or json
	load    string // tracking id
	timeout time.Duration
}

const defaultTimeout = 5 * time.Minute

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	s := settings{timeout: defaultTimeout}
	flags := flag.NewFlagSet("warehouse", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.format, "format", "markdown", "")
	flags.StringVar(&s.load, "load", "", "")
	flags.Func("timeout", "", func(text string) (err error) {
		if s.timeout, err = time.ParseDuration(text); err != nil {
			return errors.New("write it with a unit, such as 5s")
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return s, command.WithNearest(flags, err)
	}
	loadGiven := false
	flags.Visit(func(f *flag.Flag) { loadGiven = loadGiven || f.Name == "load" })
	var problems []error
	if flags.NArg() > 0 {
		problems = append(problems, fmt.Errorf("%q: not a flag; did you mean -load %[1]s?", flags.Arg(0)))
	}
	if loadGiven && s.load == "" {
		problems = append(problems, errors.New("-load: the value is empty"))
	}
	return s, errors.Join(append(problems, s.check())...)
}

func (s settings) check() error {
	var problems []error
	if s.format != "markdown" && s.format != "json" {
		problems = append(problems, fmt.Errorf("-format %q: write markdown or json", s.format))
	}
	if s.timeout <= 0 {
		problems = append(problems, fmt.Errorf("-timeout %s: must be above zero, such as 30s", s.timeout))
	}
	if strings.Trim(s.load, "0123456789") != "" || len(s.load) > 19 {
		problems = append(problems, fmt.Errorf("-load %.40q: not a tracking id, which is made of at most 19 digits; a load number is another thing", s.load))
	}
	return errors.Join(problems...)
}
