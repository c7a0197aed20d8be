package main

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// ticket is what a customer wrote.
type ticket struct {
	From       string
	Subject    string
	Sent       time.Time // UTC
	Text       string
	TrackingID string
	LoadNumber string // empty if the ticket names none
}

// A number is a tracking id only beside a cue or in the address of a load's page: tickets are full of other numbers.
var (
	trackingCue  = regexp.MustCompile(`(?i)\btracking[ _-]*(?:id|number|no\.?|#)s?\s*(?:is|are|was|[:=#])*\s*(\d+)`)
	trackingPage = regexp.MustCompile(`(?i)https?://[^\s/]+/(?:\S+/)?(?:tracking|loads?)/(\d+)`)
	loadCue      = regexp.MustCompile(`(?i)\bload\s*(?:number|no\.?|#)\s*(?:is|was|[:=#])*\s*([A-Z0-9][A-Z0-9-]{3,})`)
	loadShape    = regexp.MustCompile(`\b[A-Z]{1,3}\d{8,}\b`)
)

// The number of digits of a tracking id.
const (
	fewestDigits = 8
	mostDigits   = 12
)

// readTicket reads a ticket in the form of a mail. Every problem is reported at once, with what to change.
func readTicket(text string) (ticket, error) {
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return ticket{}, ticketError("the head cannot be read (%v); begin with lines like \"Subject: ...\" and leave an empty line after them", err)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return ticket{}, ticketError("the text cannot be read: %v", err)
	}
	t := ticket{From: sender(m.Header.Get("From")), Subject: m.Header.Get("Subject"), Text: strings.TrimSpace(string(body))}
	var problems []error
	if t.Sent, err = m.Header.Date(); err != nil {
		problems = append(problems, errors.New("date: missing or unreadable; write it as Date: Tue, 16 Sep 2025 14:20:00 +0000"))
	}
	t.Sent = t.Sent.UTC()
	all := t.Subject + "\n" + t.Text
	if t.TrackingID, err = trackingID(all); err != nil {
		problems = append(problems, err)
	}
	if t.LoadNumber, err = loadNumber(all); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return ticket{}, ticketError("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return t, nil
}

// sender is the name of who wrote, or the address where there is no name.
func sender(from string) string {
	if a, err := mail.ParseAddress(from); err == nil && a.Name != "" {
		return a.Name
	}
	return from
}

func ticketError(format string, args ...any) error {
	return base.Invalid("ticket", "Read", format, args...)
}

func trackingID(text string) (string, error) {
	found := captured(text, trackingCue, trackingPage)
	switch {
	case len(found) == 0:
		return "", errors.New(`tracking id: none; write it beside its name, such as "tracking id 123456789"`)
	case len(found) > 1:
		return "", fmt.Errorf("tracking id: the ticket names %s; keep the one that it is about", strings.Join(found, ", "))
	case len(found[0]) < fewestDigits || len(found[0]) > mostDigits:
		return "", fmt.Errorf("tracking id: %.40s has %d digits; one has %d to %d", found[0], len(found[0]), fewestDigits, mostDigits)
	}
	return found[0], nil
}

// loadNumber is the number beside a cue, or else the one text that is shaped like a load number.
func loadNumber(text string) (string, error) {
	found := captured(text, loadCue)
	if len(found) == 0 {
		found = loadShape.FindAllString(text, -1)
		slices.Sort(found)
		found = slices.Compact(found)
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("load number: the ticket names %s; keep the one that it is about", strings.Join(found, ", "))
}

// captured is what the expressions capture, each text once.
func captured(text string, expressions ...*regexp.Regexp) []string {
	var found []string
	for _, e := range expressions {
		for _, m := range e.FindAllStringSubmatch(text, -1) {
			if value := strings.TrimRight(m[1], "-"); !slices.Contains(found, value) {
				found = append(found, value)
			}
		}
	}
	return found
}
