package llm

import (
	"bytes"
	"encoding/json"
	"html"
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

// How a link may be written: Markdown and HTML read entities in it, Markdown takes the backslash before a sign away, and browsers
// take a backslash for a slash and pass over tabs and ends of lines.
const (
	colon  = `(?:\\?:|&(?:colon|#0*58|#x0*3a);?)`
	gap    = `(?:[\t\r\n]|&(?:tab|newline|#0*(?:9|10|13)|#x0*[9ad]);?)*`
	slash  = `(?:[/\\]|&(?:sol|bsol|#0*47|#0*92|#x0*2f|#x0*5c);?)`
	follow = `[^\s<>"'` + "`" + `)\]}]+`
)

// link is what a reader, or what renders an answer, may take for a link: with a scheme, which browsers know with one slash or none
// too, without one as in Markdown and HTML, or by its www. The first group ends where the host begins.
var link = regexp.MustCompile(`(?i)(?:(` +
	`(?:\b[a-z][a-z0-9+.-]{0,31})?` + colon + gap + slash + `(?:` + gap + slash + `)+` +
	`|\b(?:https?|ftp|wss?)` + colon + gap + slash + `?` +
	`|(?:^|[(\["'=<|,*>\s])\s*` + slash + `(?:` + gap + slash + `)+` +
	`)|\bwww\.)` + follow)

var (
	// marked is what stands between the marks of data.
	marked = regexp.MustCompile(`(?is)<untrusted-data\b.*?(?:</untrusted-data>|$)`)
	// drive is the beginning of a path of Windows, as JSON writes it.
	drive = regexp.MustCompile(`^[A-Za-z]:\\`)
	// bare is a scheme without a slash, which stands in texts that are no links too.
	bare = regexp.MustCompile(`(?i)^[a-z]+` + colon + `$`)
	// passed is what browsers pass over, as an entity.
	passed = regexp.MustCompile(`(?i)&(?:tab|newline|#0*(?:9|10|13)|#x0*[9ad]);?`)
)

// found is a link in a text: where it begins and ends, and all hosts that a reader may take it to; an empty one cannot be told.
type found struct {
	from, to int
	hosts    []string
}

func links(text string) (all []found) {
	for _, at := range link.FindAllStringSubmatchIndex(text, -1) {
		f := found{from: at[0], to: at[1]}
		host := at[3]
		if host < 0 {
			host = f.from // its www. belongs to it
		}
		if drive.MatchString(text[f.from:]) || bare.MatchString(text[f.from:host]) && !strings.ContainsAny(text[host:f.to], ".。．｡%&@") {
			continue
		}
		trimmed := strings.TrimLeft(text[f.from:f.to], openers)
		before := text[:f.to-len(trimmed)]
		f.from = len(before)
		f.hosts = hostsAt(strings.TrimRight(before, " \t\r\n"), text[host:min(len(text), host+mostHost)])
		all = append(all, f)
	}
	return all
}

const (
	openers  = "([\"'=<|,*> \t\r\n"
	stops    = ".,;:!?'\"`)]}*_|>\\"
	mostHost = 2048 // bytes that are looked at; a host has 253
)

// hostsAt are the hosts of a link, which depend on who reads it.
func hostsAt(before, text string) []string {
	all := hostsOf(authority(before, text))
	if strings.Contains(text, "&") {
		all = append(all, hostsOf(authority(before, html.UnescapeString(passed.ReplaceAllString(text, ""))))...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// authority is what stands before the path. Within quotes and brackets spaces belong to it.
func authority(before, text string) string {
	text = strings.TrimLeft(text, `/\ `)
	closer := byte(0)
	switch {
	case strings.HasSuffix(before, "<"):
		closer = '>'
	case strings.HasSuffix(before, `"`), strings.HasSuffix(before, "'"):
		closer = before[len(before)-1]
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '/' || c == '?' || c == '#' || c <= ' ' && closer == 0:
			return text[:i]
		case c == closer:
			closer = 0
		}
	}
	return text
}

// hostsOf are the host before a backslash, which browsers take for a slash, and the one without regard to it.
func hostsOf(authority string) []string {
	authority = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(authority)
	all := []string{hostOf(authority)}
	if before, _, ok := strings.Cut(authority, `\`); ok {
		all = append(all, hostOf(before))
	}
	return all
}

// hostOf is the host without user and port; empty where more may belong to it: signs that end a link in a text may stand in a
// host, too.
func hostOf(authority string) string {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	end := strings.IndexFunc(host, func(r rune) bool {
		return r <= ' ' || r < 0x80 && strings.ContainsRune("!\"#$&'()*+,/:;<=>?@[\\]^`{|}", r)
	})
	if address := strings.IndexByte(host, ']'); strings.HasPrefix(host, "[") && address > 0 {
		end = address + 1
	}
	if end < 0 {
		end = len(host)
	}
	if strings.ContainsAny(strings.TrimRight(host[end:], stops), ".。．｡%") {
		return ""
	}
	return strings.ToLower(strings.Trim(strings.TrimRight(host[:end], "._-~"), "[]"))
}

// trust takes the hosts of a text that the caller wrote; what it marks as data is not trusted.
func (h hosts) trust(text string) {
	for _, f := range links(marked.ReplaceAllString(text, " ")) {
		if len(f.hosts) == 1 && f.hosts[0] != "" {
			h[f.hosts[0]] = true
		}
	}
}

// foreign are the hosts in the texts of a value of JSON, names of fields among them, that links may not lead to.
func (h hosts) foreign(args json.RawMessage) (gone []string) {
	for d := json.NewDecoder(bytes.NewReader(args)); ; {
		t, err := d.Token()
		if err != nil {
			break
		}
		if text, ok := t.(string); ok {
			_, some := h.without(text)
			gone = append(gone, some...)
		}
	}
	slices.Sort(gone)
	return slices.Compact(gone)
}

// without is the text without the links that lead elsewhere, whose hosts are gone.
func (h hosts) without(text string) (kept string, gone []string) {
	var out strings.Builder
	done := 0
	for _, f := range links(text) {
		at := slices.IndexFunc(f.hosts, func(host string) bool { return !h[host] })
		if at < 0 {
			continue
		}
		if gone = append(gone, f.hosts[at]); f.hosts[at] == "" {
			gone[len(gone)-1] = "one that cannot be told"
		}
		out.WriteString(text[done:f.from] + "[a link to another host was taken out]")
		done = f.to
	}
	out.WriteString(text[done:])
	slices.Sort(gone)
	return out.String(), slices.Compact(gone)
}
