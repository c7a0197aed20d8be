package llm

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// hosts are those that links may lead to.
type hosts map[string]bool

func newHosts(all []string) hosts {
	h := hosts{}
	for _, host := range all {
		h[strings.ToLower(host)] = true
	}
	return h
}

// link is what a reader, or what renders an answer, may take for a link: with a scheme, without one as in Markdown and HTML, or
// by its www. Backslashes are slashes to browsers.
var link = regexp.MustCompile(`(?i)(?:\b[a-z][a-z0-9+.-]{1,31}:[/\\]{2,}|[(\["'=<\s]\s*[/\\]{2}|\bwww\.)[^\s<>"'` + "`" + `)\]}]+`)

// marked is what stands between the marks of data.
var marked = regexp.MustCompile(`(?is)<untrusted-data\b.*?(?:</untrusted-data>|$)`)

// trust takes the hosts of a text that the caller wrote; what it marks as data is not trusted.
func (h hosts) trust(text string) {
	for _, found := range link.FindAllString(marked.ReplaceAllString(text, " "), -1) {
		if host := hostOf(found); host != "" {
			h[host] = true
		}
	}
}

// hostOf is the host that a link leads to; empty where it cannot be told.
func hostOf(text string) string {
	text = strings.ReplaceAll(strings.TrimLeft(text, "([\"'=< \t\n"), `\`, "/")
	if !strings.Contains(text, "//") {
		text = "//" + text
	}
	u, err := url.Parse(strings.TrimRight(text, ".,;:!?"))
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}

// foreign are the hosts of a text that links may not lead to.
func (h hosts) foreign(text string) []string {
	_, gone := h.without(text)
	return gone
}

// without is the text without the links that lead elsewhere, whose hosts are gone.
func (h hosts) without(text string) (kept string, gone []string) {
	kept = link.ReplaceAllStringFunc(text, func(found string) string {
		host := hostOf(found)
		if h[host] {
			return found
		}
		gone = append(gone, host)
		before := found[:len(found)-len(strings.TrimLeft(found, "([\"'=< \t\n"))]
		return before + "[a link to another host was taken out]"
	})
	slices.Sort(gone)
	return kept, slices.Compact(gone)
}
