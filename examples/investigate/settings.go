package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// settings are the arguments of the command line.
type settings struct {
	format     string // markdown or json
	caseDir    string
	baseline   string
	truth      string
	clickhouse string
	timeout    time.Duration
}

const defaultTimeout = 2 * time.Minute

const usage = `Usage: investigate [flags]

Without flags: reads a ticket about a load that is stuck, asks the services (in process, nothing to install) and
prints what is wrong, when it began, and the evidence.

With -case: investigates a recorded incident, a folder of *_log.csv.gz, *_trace.csv.gz, pod_metrics.csv.gz and
front_service.csv.gz.

Flags:
  -format markdown|json    how the report is printed on stdout (markdown); progress goes to stderr
  -case DIR                the recorded incident
  -baseline DIR            another recording, of healthy time, to compare with; default: the quiet part of the case
  -truth FILE              the truth.json of the case: also prints the score
  -clickhouse HOST:PORT    a real ClickHouse server (native protocol) to put the recording into, in databases of its
                           own that are dropped at the end. Account: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD;
                           TLS: CLICKHOUSE_SECURE=true
  -timeout DURATION        for everything (2m)

Exit code: 0 when a report was printed, 1 when the investigation failed, 2 when the flags are wrong.

Examples:
  investigate
  investigate -format json
  investigate -case incidents/C1 -baseline incidents/C0 -truth incidents/C1/truth.json
`

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("investigate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.format, "format", "markdown", "")
	flags.StringVar(&s.caseDir, "case", "", "")
	flags.StringVar(&s.baseline, "baseline", "", "")
	flags.StringVar(&s.truth, "truth", "", "")
	flags.StringVar(&s.clickhouse, "clickhouse", "", "")
	flags.DurationVar(&s.timeout, "timeout", defaultTimeout, "")
	if err := flags.Parse(args); err != nil {
		return s, err
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
	for _, name := range []string{"case", "baseline", "truth", "clickhouse"} {
		switch {
		case given[name] && s.text(name) == "":
			problem("-%s: the value is empty", name)
		case given[name] && name != "case" && s.caseDir == "":
			problem("-%s needs -case: it says something about a recorded incident", name)
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
	return map[string]string{"case": s.caseDir, "baseline": s.baseline, "truth": s.truth, "clickhouse": s.clickhouse}[name]
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
