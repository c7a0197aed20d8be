package jira

import (
	"regexp"
	"slices"
	"strings"
)

// passage is a part with what is known of places in it.
type passage struct {
	part         // its text is folded
	raw   string // as it stands
	lines []int  // offsets at which lines begin
	links [][2]int
	code  [][2]int // blocks of it
	taken [][2]int // stretches that are something else already: UUIDs, hashes, phone numbers, money, dates

	of          *passage // of a pair: where its value stands
	lead, shift int      // how long its name is, and where in of its value begins
}

var (
	linkForm = regexp.MustCompile(`https?://[^\s<>"'|\x60)\]]+`)
	// What looks like a number of a load and is none.
	uuidForm  = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	phoneForm = regexp.MustCompile(`(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\)[ .-]?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b|\+\d{8,14}\b`)
	phoneCue  = regexp.MustCompile(`(?i)\b(?:phone|tel|telephone|mobile|cell|fax|call(?: me| us)?(?: at| on)?|whatsapp)\b[.:# ]*\+?[\d][\d .()-]{6,18}\d`)
	moneyForm = regexp.MustCompile(`[$€£]\s?\d[\d,.]*|\b\d[\d,.]*\s?(?:USD|EUR|GBP|INR)\b`)
)

func newPassage(p part) *passage {
	t := &passage{part: p, raw: p.text, lines: []int{0}}
	t.text = folded(p.text)
	t.code = codeIn(p.text)
	for i := range len(p.text) {
		if p.text[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	t.links = spansOf(linkForm, p.text) // not folded: an address has its escapes within
	for _, form := range []*regexp.Regexp{uuidForm, phoneForm, phoneCue, moneyForm} {
		t.taken = append(t.taken, spansOf(form, t.text)...)
	}
	t.taken = merged(t.taken)
	return t
}

// merged are stretches in order, those that touch made one.
func merged(spans [][2]int) [][2]int {
	slices.SortFunc(spans, func(a, b [2]int) int { return a[0] - b[0] })
	var all [][2]int
	for _, s := range spans {
		if last := len(all) - 1; last >= 0 && s[0] <= all[last][1] {
			all[last][1] = max(all[last][1], s[1])
		} else {
			all = append(all, s)
		}
	}
	return all
}

// clean is a stretch as its writer meant it: without escapes, but in code, which has none.
func (t *passage) clean(from, to int) string {
	if text := t.raw[from:to]; !strings.Contains(text, `\`) || within(t.code, from, to) {
		return text
	}
	return unescaped(t.raw[from:to])
}

// codeIn are the blocks of code of a text.
func codeIn(text string) [][2]int {
	var all [][2]int
	at, start, fence := 0, -1, ""
	for line := range strings.Lines(text) {
		switch mark := fenceOf(line); {
		case mark != "" && start < 0:
			start, fence = at, mark
		case mark != "" && strings.HasPrefix(mark, fence):
			all, start = append(all, [2]int{start, at + len(line)}), -1
		}
		at += len(line)
	}
	if start >= 0 {
		all = append(all, [2]int{start, at})
	}
	return all
}

func spansOf(form *regexp.Regexp, text string) [][2]int {
	var all [][2]int
	for _, m := range form.FindAllStringIndex(text, -1) {
		all = append(all, [2]int{m[0], m[1]})
	}
	return all
}

// within reports whether a stretch touches one of those, which are in order and apart.
func within(spans [][2]int, from, to int) bool {
	at, _ := slices.BinarySearchFunc(spans, from, func(s [2]int, from int) int {
		if s[1] <= from {
			return -1
		}
		return 1
	})
	return at < len(spans) && spans[at][0] < to
}

// free reports whether a stretch is nothing else.
func (t *passage) free(from, to int) bool { return !within(t.taken, from, to) }

func (t *passage) linked(from, to int) bool { return within(t.links, from, to) }

// at is the place of an offset.
func (t *passage) at(offset int) Location {
	where := t.where
	line, exact := slices.BinarySearch(t.lines, offset)
	if exact {
		line++
	}
	where.Offset, where.Line = offset, line
	return where
}

// found makes a finding of a stretch of the text. What stands in the name of a pair is none: its Raw is empty.
func (t *passage) found(from, to int, value, how string, confidence float64) Finding {
	if t.of != nil {
		if from < t.lead {
			return Finding{}
		}
		return t.of.found(from-t.lead+t.shift, to-t.lead+t.shift, value, how, confidence)
	}
	source := SourceRules
	if t.alone && strings.TrimSpace(t.raw) == t.raw[from:to] {
		source = SourceField
	}
	return Finding{
		Value: value, Raw: t.raw[from:to], Where: t.at(from), Source: source, How: how, Confidence: confidence, Grounded: true,
	}
}

// mostFindings bounds a list: an issue with more is a table, of which the first tell enough.
const mostFindings = 200

const tooMany = "more than 200 findings of one kind; the first 200 were kept"

// add keeps a finding once, the surer of two.
func (r *reading) add(list *[]Finding, f Finding) {
	if f.Raw == "" {
		return
	}
	for i := range *list {
		if old := &(*list)[i]; strings.EqualFold(old.Value, f.Value) {
			if f.Confidence > old.Confidence {
				old.Confidence, old.How = f.Confidence, f.How
			}
			return
		}
	}
	if len(*list) < mostFindings {
		*list = append(*list, f)
	} else {
		r.warn(tooMany)
	}
}

func (r *reading) warn(text string) {
	if len(r.out.Warnings) < 50 {
		r.out.Warnings = append(r.out.Warnings, text)
	}
}
