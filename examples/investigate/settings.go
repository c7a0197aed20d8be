package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/command"
)

// settings are the arguments of the command line.
type settings struct {
	format     string // markdown or json
	load       string // tracking id
	caseDir    string
	baseline   string
	truth      string
	clickhouse string
	timeout    time.Duration
}

const defaultTimeout = 2 * time.Minute

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	s := settings{timeout: defaultTimeout}
	flags := flag.NewFlagSet("investigate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.format, "format", "markdown", "")
	flags.StringVar(&s.load, "load", "", "")
	flags.StringVar(&s.caseDir, "case", "", "")
	flags.StringVar(&s.baseline, "baseline", "", "")
	flags.StringVar(&s.truth, "truth", "", "")
	flags.StringVar(&s.clickhouse, "clickhouse", "", "")
	flags.Func("timeout", "", s.readTimeout)
	if err := flags.Parse(args); err != nil {
		return s, command.WithNearest(flags, err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var problems []error
	if flags.NArg() > 0 {
		problems = append(problems, fmt.Errorf("%q: not a flag; did you mean -case %[1]s?", flags.Arg(0)))
	}
	return s, errors.Join(append(problems, s.check(given))...)
}

func (s settings) check(given map[string]bool) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if s.format != "markdown" && s.format != "json" {
		problem("-format %q: write markdown or json", s.format)
	}
	if s.timeout <= 0 {
		problem("-timeout %s: must be above zero, such as 30s", s.timeout)
	}
	for _, name := range []string{"load", "case", "baseline", "truth", "clickhouse"} {
		switch {
		case given[name] && s.text(name) == "":
			problem("-%s: the value is empty", name)
		case given[name] && name != "case" && name != "load" && s.caseDir == "":
			problem("-%s needs -case: it says something about a recorded incident", name)
		}
	}
	if s.load != "" && s.caseDir != "" {
		problem("-load and -case: a real load and a recording are two questions; ask one of them")
	}
	if strings.Trim(s.load, "0123456789") != "" || len(s.load) > 20 {
		problem("-load %.40q: not a tracking id, which is made of at most 20 digits; a load number is another thing", s.load)
	}
	for _, name := range []string{"case", "baseline"} {
		if err := checkFolder(s.text(name)); err != nil {
			problem("-%s %s: %w", name, s.text(name), err)
		}
	}
	if s.baseline != "" && filepath.Clean(s.baseline) == filepath.Clean(s.caseDir) {
		problem("-baseline %s is the case itself: nothing would differ; name a recording of healthy time", s.baseline)
	}
	if s.clickhouse != "" {
		if err := checkAddress(s.clickhouse); err != nil {
			problem("-clickhouse %q: %w; write HOST:PORT, such as 127.0.0.1:9000", s.clickhouse, err)
		}
	}
	return errors.Join(problems...)
}

// text is the value of a flag that holds text.
func (s settings) text(name string) string {
	values := map[string]string{"load": s.load, "case": s.caseDir, "baseline": s.baseline, "truth": s.truth, "clickhouse": s.clickhouse}
	return values[name]
}

// checkFolder wants the folder, where one is named, to be there.
func checkFolder(dir string) error {
	if dir == "" {
		return nil
	}
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such folder; name the one that holds the recording's *.csv.gz files")
	case err == nil && !info.IsDir():
		return errors.New("this is a file; name the folder that holds it")
	}
	return nil // what else is wrong, reading it tells
}

func (s *settings) readTimeout(text string) (err error) {
	if s.timeout, err = time.ParseDuration(text); err != nil {
		return errors.New("write it with a unit, such as 5s")
	}
	return nil
}

func checkAddress(address string) error {
	if strings.Contains(address, "://") {
		return errors.New("this is a URL")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("there is no port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return errors.New("the port is not a number from 1 to 65535")
	}
	if host == "" {
		return errors.New("there is no host")
	}
	return nil
}
