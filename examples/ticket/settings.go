package main

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/fourkites/sources/internal/command"
)

// settings are the arguments of the command line.
type settings struct {
	command.Settings
	Issue string
}

const defaultTimeout = 2 * time.Minute

var issueKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,40}-[0-9]{1,18}$`)

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	var s settings
	flags := s.Flags("ticket", defaultTimeout)
	flags.StringVar(&s.Issue, "issue", "", "")
	if err := flags.Parse(args); err != nil {
		return s, command.WithNearest(flags, err)
	}
	var problems []error
	if s.Load != "" {
		problems = append(problems, errors.New("-load: this program is asked for a ticket; write -issue OPS-482"))
	}
	if s.Issue != "" && !issueKey.MatchString(s.Issue) {
		problems = append(problems, fmt.Errorf("-issue %.40q: not the key of a ticket; write it as OPS-482", s.Issue))
	}
	s.Load = ""
	return s, errors.Join(append(problems, s.Check(flags, "issue", 0))...)
}
