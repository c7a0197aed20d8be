package confluence

import (
	"strconv"
	"strings"
	"unicode"
)

// heading is one heading of a body, and where it stands.
type heading struct {
	Section
	line int
}

// headings are those of a body in Markdown. What stands in blocks of code is none.
func headings(lines []string) []heading {
	var all []heading
	fence := ""
	taken := map[string]int{}
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if ticks := len(trimmed) - len(strings.TrimLeft(trimmed, "`")); ticks >= 3 {
			switch {
			case fence == "":
				fence = trimmed[:ticks]
			case trimmed == fence:
				fence = ""
			}
			continue
		}
		level := len(line) - len(strings.TrimLeft(line, "#"))
		if fence != "" || level == 0 || level > 6 || len(line) > level && line[level] != ' ' {
			continue
		}
		title := unmarked(strings.TrimSpace(line[level:]))
		anchor := anchorOf(title)
		if taken[anchor]++; taken[anchor] > 1 {
			anchor += "-" + strconv.Itoa(taken[anchor])
		}
		all = append(all, heading{Section{Level: level, Title: title, Anchor: anchor}, i})
	}
	return all
}

// outline are the headings of a body.
func outline(body string) []Section {
	var all []Section
	for _, h := range headings(strings.Split(body, "\n")) {
		all = append(all, h.Section)
	}
	return all
}

// Section is the section with that title, in any case, or that anchor, with all sections below it. Of several with one title
// it is the first.
func (p Page) Section(title string) (Section, bool) {
	title = strings.TrimSpace(title)
	lines := strings.Split(p.Body, "\n")
	all := headings(lines)
	at := -1
	for i, h := range all {
		if at < 0 && strings.EqualFold(h.Title, title) || h.Anchor == title {
			if at = i; h.Anchor == title {
				break
			}
		}
	}
	if at < 0 {
		return Section{}, false
	}
	end := len(lines)
	for _, h := range all[at+1:] {
		if h.Level <= all[at].Level {
			end = h.line
			break
		}
	}
	s := all[at].Section
	s.Body = strings.TrimSpace(strings.Join(lines[all[at].line+1:end], "\n"))
	return s, true
}

// unmarked is a title without the marks of Markdown.
func unmarked(title string) string {
	var b strings.Builder
	escaped := false
	for _, r := range title {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		if escaped || r != '*' && r != '`' {
			b.WriteRune(r)
		}
		escaped = false
	}
	return strings.TrimSpace(b.String())
}

func anchorOf(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
