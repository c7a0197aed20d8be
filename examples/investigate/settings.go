package main

import (
	"errors"
	"flag"
	"fmt"
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
	command.Settings

	caseDir    string
	baseline   string
	truth      string
	clickhouse string
}

const (
	defaultTimeout = 2 * time.Minute
	longestID      = 20 // digits
)

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	var s settings
	flags := s.Flags("investigate", defaultTimeout)
	flags.StringVar(&s.caseDir, "case", "", "")
	flags.StringVar(&s.baseline, "baseline", "", "")
	flags.StringVar(&s.truth, "truth", "", "")
	flags.StringVar(&s.clickhouse, "clickhouse", "", "")
	if err := flags.Parse(args); err != nil {
		return s, command.WithNearest(flags, err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return s, errors.Join(s.Check(flags, "case", longestID), s.check(given))
}

func (s settings) check(given map[string]bool) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for _, name := range []string{"baseline", "truth", "clickhouse"} {
		if given[name] && s.caseDir == "" {
			problem("-%s needs -case: it says something about a recorded incident", name)
		}
	}
	if s.Load != "" && s.caseDir != "" {
		problem("-load and -case: a real load and a recording are two questions; ask one of them")
	}
	for _, one := range []struct{ name, dir string }{{"case", s.caseDir}, {"baseline", s.baseline}} {
		if err := checkFolder(one.dir); err != nil {
			problem("-%s %s: %w", one.name, one.dir, err)
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
