package prompt

import "strings"

// issued are the tokens that are known by how they begin. The alphabet holds what may follow.
var issued = [...]struct {
	begin string
	least int // characters that must follow
	exact bool
	of    func(byte) bool
}{
	{"AKIA", 16, true, isUpperOrDigit},
	{"ASIA", 16, true, isUpperOrDigit},
	{"AIza", 30, false, isURLSafe},
	{"ghp_", 20, false, isAlnum},
	{"gho_", 20, false, isAlnum},
	{"ghs_", 20, false, isWord},
	{"ghu_", 20, false, isAlnum},
	{"ghr_", 20, false, isAlnum},
	{"github_pat_", 20, false, isWord},
	{"glpat-", 16, false, isURLSafe},
	{"xoxa-", 10, false, isURLSafe},
	{"xoxb-", 10, false, isURLSafe},
	{"xoxe-", 10, false, isURLSafe},
	{"xoxo-", 10, false, isURLSafe},
	{"xoxp-", 10, false, isURLSafe},
	{"xoxr-", 10, false, isURLSafe},
	{"xoxs-", 10, false, isURLSafe},
	{"sk-", 16, false, isURLSafe},
	{"sk_live_", 16, false, isAlnum},
	{"sk_test_", 16, false, isAlnum},
}

func isUpperOrDigit(c byte) bool { return c >= 'A' && c <= 'Z' || isDigit(c) }
func isURLSafe(c byte) bool      { return isWord(c) || c == '-' }
func isTokenByte(c byte) bool    { return isURLSafe(c) || strings.IndexByte(".~+/=", c) >= 0 }

// token finds what is a token by its own form, and the one behind the word Bearer.
func (s *scanner) token(from int) bool {
	rest := s.text[from:]
	switch rest[0] {
	case 'e':
		return s.webToken(from)
	case 'b', 'B':
		return s.bearer(from)
	case 'A', 'g', 'x', 's':
		for i := range issued {
			if kind := &issued[i]; strings.HasPrefix(rest, kind.begin) {
				size := spanOf(rest[len(kind.begin):], kind.of)
				if size < kind.least || kind.exact && size > kind.least || !holdsDigit(rest[len(kind.begin):][:size]) {
					return false
				}
				return s.add(categoryToken, from, from+len(kind.begin)+size)
			}
		}
	}
	return false
}

func holdsDigit(text string) bool { return strings.ContainsAny(text, "0123456789") }

// webToken: a JSON web token, two to five parts with dots between; the first is a JSON object in base64.
func (s *scanner) webToken(from int) bool {
	if !strings.HasPrefix(s.text[from:], "eyJ") {
		return false
	}
	end, parts := from, 0
	for parts < 5 {
		size := spanOf(s.text[end:], isURLSafe)
		if size == 0 {
			break
		}
		end, parts = end+size, parts+1
		if end+1 >= len(s.text) || s.text[end] != '.' || !isURLSafe(s.text[end+1]) {
			break
		}
		end++
	}
	return parts >= 2 && end-from >= 20 && s.add(categoryToken, from, end)
}

// bearer: the word alone is common, so what follows must look like a token.
func (s *scanner) bearer(from int) bool {
	const word = "bearer"
	if !hasFold(s.text[from:], word) {
		return false
	}
	at := from + len(word)
	spaces := spanOf(s.text[at:min(len(s.text), at+4)], func(c byte) bool { return c == ' ' })
	size := spanOf(s.text[at+spaces:], isTokenByte)
	value := strings.TrimRight(s.text[at+spaces:][:size], ".")
	if spaces == 0 || len(value) < 16 && !holdsDigit(value) {
		return false
	}
	return s.add(categoryToken, at+spaces, at+spaces+len(value))
}

// privateKey finds a PEM block with a private key. One that does not end goes to the end of the text.
func (s *scanner) privateKey(from int) {
	rest := s.text[from:]
	label := strings.Index(rest[:min(len(rest), 64)], "PRIVATE "+"KEY-----")
	if label < 0 {
		return
	}
	to := len(s.text)
	if end := strings.Index(rest, "-----END "); end >= 0 {
		at := end + len("-----END ")
		if last := strings.Index(rest[at:min(len(rest), at+64)], "-----"); last >= 0 {
			to = from + at + last + len("-----")
		}
	}
	s.add(categoryKey, from, to)
}
