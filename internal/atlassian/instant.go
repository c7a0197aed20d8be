package atlassian

import (
	"errors"
	"strings"
	"time"
)

// layouts are the forms in which the products write an instant: Jira without a colon in the zone, Confluence with one or
// as UTC.
var layouts = []string{
	"2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04-0700", "2006-01-02T15:04Z07:00",
}

var errInstant = errors.New("not an instant; one reads 2006-01-02T15:04:05.000+0000")

// ParseTime reads an instant of either product. Empty is the zero time.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errInstant
}
