package prompt

import (
	"net/netip"
	"strings"
)

const (
	longestLocal  = 64
	longestDomain = 253
	longestV6     = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") + len("%0123456789abcdef")
)

// email finds the address whose @ stands here, size bytes long.
func (s *scanner) email(at, size int) {
	from := at
	for from > s.done && at-from < longestLocal && isLocal(s.text[from-1]) {
		from--
	}
	for from < at && (s.text[from] == '.' || s.text[from] == '-') {
		from++
	}
	if from == at {
		return
	}
	rest := s.text[at+size : min(len(s.text), at+size+longestDomain)]
	if domain := domainLength(rest); domain > 0 {
		s.add(categoryEmail, from, at+size+domain)
	}
}

func isLocal(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == '+' || c == '%' }

// domainLength is the length of the name of a host with a top level. A number before it is a version, as in lib@1.0.jar.
func domainLength(text string) int {
	end := spanOf(text, func(c byte) bool { return isAlnum(c) || c == '.' || c == '-' })
	for {
		name := strings.TrimRight(text[:end], ".-")
		dot := strings.LastIndexByte(name, '.')
		if dot <= 0 {
			return 0
		}
		top := spanOf(name[dot+1:], isLetter)
		before := name[strings.LastIndexByte(name[:dot], '.')+1 : dot]
		if top >= 2 && strings.ContainsFunc(before, func(r rune) bool { return isLetter(byte(r)) }) {
			return dot + 1 + top
		}
		end = dot
	}
}

// addressV4 finds four numbers below 256 that are no version and no part of a longer row of numbers.
func (s *scanner) addressV4(from int) bool {
	if from > 1 && s.text[from-1] == '.' && isDigit(s.text[from-2]) {
		return false
	}
	end, ok := fourNumbers(s.text, from)
	if !ok || end < len(s.text) && isWord(s.text[end]) || isNumberAhead(s.text[end:]) {
		return false
	}
	if versionBefore(s.text[:from]) || versionBehind(s.text[end:]) {
		return false
	}
	return s.add(categoryIP, from, end)
}

func fourNumbers(text string, at int) (end int, ok bool) {
	for part := range 4 {
		if part > 0 {
			if at >= len(text) || text[at] != '.' {
				return 0, false
			}
			at++
		}
		n, digits := 0, 0
		for ; digits < 3 && at < len(text) && isDigit(text[at]); digits++ {
			n = 10*n + int(text[at]-'0')
			at++
		}
		if digits == 0 || n > 255 {
			return 0, false
		}
	}
	return at, true
}

func isNumberAhead(text string) bool { return len(text) > 1 && text[0] == '.' && isDigit(text[1]) }

// versionBefore: the word before the number says that it is a version.
func versionBefore(text string) bool {
	text = strings.TrimRight(text[max(0, len(text)-16):], ` .:="'`)
	from := len(text)
	for from > 0 && isLetter(text[from-1]) {
		from--
	}
	switch strings.ToLower(text[from:]) {
	case "version", "versions", "ver", "v", "release":
		return true
	}
	return false
}

var versionEnds = [...]string{
	".final", ".ga", ".release", "-release", "-snapshot", ".snapshot", "-rc", "-beta", "-alpha",
	".jar", ".war", ".zip", ".tar", ".tgz",
}

// versionBehind: what follows the number is written behind versions only.
func versionBehind(text string) bool {
	if text == "" || text[0] != '.' && text[0] != '-' {
		return false
	}
	for _, end := range versionEnds {
		if hasFold(text, end) && (len(text) == len(end) || !isLetter(text[len(end)])) {
			return true
		}
	}
	return false
}

// addressV6 finds what the standard library reads as an address. A time of day with colons is none.
func (s *scanner) addressV6(from int) bool {
	if !s.mayBeginV6(from) {
		return false
	}
	rest := s.text[from:min(len(s.text), from+longestV6+1)]
	end := spanOf(rest, func(c byte) bool { return isHex(c) || c == ':' || c == '.' })
	if end > longestV6 || end < len(rest) && isWord(rest[end]) {
		return false
	}
	for end > 0 && (rest[end-1] == '.' || rest[end-1] == ':' && !strings.HasSuffix(rest[:end], "::")) {
		end--
	}
	a, err := netip.ParseAddr(rest[:end])
	if err != nil || !a.Is6() || !strings.ContainsAny(rest[:end], "0123456789") || isTime(rest) {
		return false
	}
	return s.add(categoryIP, from, from+end)
}

// mayBeginV6 keeps out what continues a row of groups: a part of a fingerprint could be read as an address.
func (s *scanner) mayBeginV6(from int) bool {
	if s.text[from] == ':' && !strings.HasPrefix(s.text[from:], "::") {
		return false
	}
	if from == 0 || from == s.done {
		return true
	}
	switch before := s.text[from-1]; {
	case isWord(before):
		return false
	case before == ':':
		return s.text[from] != ':' && (from == 1 || !isHex(s.text[from-2]) && s.text[from-2] != ':')
	}
	return true
}

// isTime: two digits, three times, as in 12:34:56.
func isTime(text string) bool {
	for i := range len("12:34:56") {
		if i >= len(text) || i%3 == 2 && text[i] != ':' || i%3 != 2 && !isDigit(text[i]) {
			return false
		}
	}
	return true
}
