package fkapi

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
)

// maxIdentifier is longer than any identifier of the services.
const maxIdentifier = 128

// check refuses an identifier that cannot be one, before it is sent. It names the field, never repeats the value.
func (s *service) check(op *base.Op, field, value string, allowed func(rune) bool, wanted string) error {
	switch {
	case value == "":
		return base.Invalid(s.name, op.Name, "%s: missing", field)
	case len(value) > maxIdentifier:
		return base.Invalid(s.name, op.Name, "%s: %d bytes long; at most %d", field, len(value), maxIdentifier)
	case !utf8.ValidString(value):
		return base.Invalid(s.name, op.Name, "%s: not valid UTF-8", field)
	}
	at := 0
	for _, r := range value {
		if !allowed(r) {
			return base.Invalid(s.name, op.Name, "%s: %q at position %d is not allowed; %s", field, r, at+1, wanted)
		}
		at++
	}
	return nil
}

func (s *service) checkTrackingID(op *base.Op, id string) error {
	return s.check(op, "tracking_id", id, func(r rune) bool { return r >= '0' && r <= '9' },
		"a tracking id is made of digits; for a load number use LoadByNumber")
}

func (s *service) checkLoadNumber(op *base.Op, number string) error {
	return s.check(op, "load_number", number, func(r rune) bool {
		return unicode.IsPrint(r) && !strings.ContainsRune("/\\,", r)
	}, "give one load number, without slash, comma or control character")
}

// checkPermalink refuses everything that could leave its segment of a path.
func (s *service) checkPermalink(op *base.Op, field, permalink string) error {
	if strings.Trim(permalink, ".") == "" && permalink != "" {
		return base.Invalid(s.name, op.Name, "%s: dots alone are no permalink", field)
	}
	return s.check(op, field, permalink, func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == '~' || (r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z')
	}, "a permalink is made of letters, digits, dots, hyphens and underscores")
}

// optional is a check for a field that may be left out.
func optional(value string, err error) error {
	if value == "" {
		return nil
	}
	return err
}
