package jira

import (
	"regexp"
	"strings"
)

// containerForm is the number of a container: owner, category, serial number, check digit.
var containerForm = regexp.MustCompile(`\b[A-Z]{3}[UJZ][ -]?\d{3}[ -]?\d{3}[ -]?\d\b`)

// containers finds numbers whose check digit is right. One with a wrong digit is no container, but it may be one that was
// mistyped, which is said where the text speaks of a container.
func (r *reading) containers(t *passage) {
	for _, m := range containerForm.FindAllStringIndex(t.text, -1) {
		if t.linked(m[0], m[1]) {
			continue
		}
		raw := t.text[m[0]:m[1]]
		value := strings.NewReplacer(" ", "", "-", "").Replace(raw)
		if validContainer(value) {
			r.add(&r.out.Containers, t.found(m[0], m[1], value, "ISO 6346 with its check digit", 0.98))
			continue
		}
		if before := strings.ToLower(t.text[max(0, m[0]-40):m[0]]); strings.Contains(before, "container") {
			r.warn("container " + value + ": its check digit is wrong, so it was mistyped or is no container")
		}
	}
}

// validContainer checks the digit that ISO 6346 puts at the end: letters count from 10 on without multiples of 11, each place
// twice the one before, modulo 11.
func validContainer(value string) bool {
	if len(value) != 11 {
		return false
	}
	sum := 0
	for i := range 10 {
		n := 0
		switch c := value[i]; {
		case c >= '0' && c <= '9':
			n = int(c - '0')
		case c >= 'A' && c <= 'Z':
			n = int(c-'A') + 10
			n += (n - 1) / 10 // 11, 22 and 33 are left out
		default:
			return false
		}
		sum += n << i
	}
	return sum%11%10 == int(value[10]-'0')
}
