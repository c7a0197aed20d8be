package main

import (
	"time"

	"github.com/fourkites/sources/internal/command"
)

// settings are the arguments of the command line.
type settings struct{ command.Settings }

const (
	defaultTimeout = 5 * time.Minute
	longestID      = 19 // digits: the warehouse keeps a tracking id as a number of 64 bits
)

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	var s settings
	flags := s.Flags("warehouse", defaultTimeout)
	if err := flags.Parse(args); err != nil {
		return s, command.WithNearest(flags, err)
	}
	return s, s.Check(flags, "load", longestID)
}
