package jira

import (
	"strings"
	"time"
)

// zones are the abbreviations that people write, as seconds east of UTC. What an abbreviation of summer or winter says is
// taken at its word.
var zones = map[string]int{
	"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"BST": 1, "CET": 1, "CEST": 2, "IST": 0, "JST": 9, "SGT": 8, "AEST": 10, "AEDT": 11,
}

// places are names that follow the clock of a place, summer and winter.
var places = map[string]string{
	"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
	"EASTERN": "America/New_York", "CENTRAL": "America/Chicago", "MOUNTAIN": "America/Denver", "PACIFIC": "America/Los_Angeles",
}

// doubtful are abbreviations of several zones, and how they are read.
var doubtful = map[string]string{
	"IST": "IST is India's, Israel's or Ireland's time; read as India's, +05:30",
	"CST": "CST is central time in America or China's time; read as America's, -06:00",
	"BST": "BST is Britain's summer time or Bangladesh's; read as Britain's, +01:00",
}

// zoneWords is what may stand behind a time as its zone.
const zoneWords = `Z\b|UTC(?:[+-]\d{1,2}(?::?\d{2})?)?|GMT(?:[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{2}:?\d{2}\b|(?:[ECMP][SD]?T|AE[SD]T|BST|CES?T|IST|JST|SGT)\b|(?i:eastern|central|mountain|pacific)(?i: (?:standard |daylight )?time)?`

// zoneOf is the zone that a text names; nil where it names none. doubt says that it could be another.
func zoneOf(text string) (zone *time.Location, doubt string) {
	text = strings.ToUpper(strings.TrimSpace(text))
	if text == "" {
		return nil, ""
	}
	if at := strings.IndexAny(text, "+-"); at >= 0 {
		return offset(text[at:]), ""
	}
	text, _, _ = strings.Cut(text, " ")
	if name, ok := places[text]; ok {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, ""
		}
		return nil, "the zone " + text + " is not known on this machine"
	}
	if text == "IST" {
		return time.FixedZone("IST", 5*3600+1800), doubtful[text]
	}
	hours, ok := zones[text]
	if !ok {
		return nil, ""
	}
	return time.FixedZone(text, hours*3600), doubtful[text]
}

func offset(text string) *time.Location {
	digits := strings.ReplaceAll(text[1:], ":", "")
	hours, minutes := 0, 0
	for i, c := range digits {
		if c < '0' || c > '9' {
			return nil
		}
		if len(digits) <= 2 || i < len(digits)-2 {
			hours = hours*10 + int(c-'0')
		} else {
			minutes = minutes*10 + int(c-'0')
		}
	}
	if hours > 14 || minutes > 59 {
		return nil
	}
	seconds := hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}

// local is the zone in which a part is read where it names none.
func (r *reading) local(t *passage) *time.Location {
	for _, name := range []string{t.zone, r.issue.Reporter.TimeZone} {
		if name != "" {
			if zone, err := time.LoadLocation(name); err == nil {
				return zone
			}
		}
	}
	if r.options.Zone != nil {
		return r.options.Zone
	}
	return time.UTC
}
