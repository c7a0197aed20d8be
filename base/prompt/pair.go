package prompt

import "strings"

const (
	longestKey    = 64
	longestQuoted = 1024
	longestUser   = 64
	longestLogin  = 512 // user and password of a URL
)

// pair looks at the = or : between a name and a value, size bytes long as it is written here. The name says what the
// value is.
func (s *scanner) pair(sign, size int, is byte) {
	category := categoryOf(keyBefore(s.text[s.done:sign]), is)
	if category == "" {
		return
	}
	at := sign + size
	at += spanOf(s.text[at:min(len(s.text), at+2)], isArrow)
	at += spanOf(s.text[at:min(len(s.text), at+8)], isBlank)
	quote := quoteAt(s.text[at:])
	at += len(quote)
	at += schemeLength(s.text[at:])
	ends := allEnds
	if category == categoryPassword {
		ends = passwordEnds // which may hold opening brackets
	}
	to := at + valueLength(s.text[at:], quote, ends)
	value := s.text[at:to]
	switch {
	case isNoValue(value) || strings.HasPrefix(s.text[at:], "${"):
	case category == categoryUser && (isNumber(value) || isNoUser(value)):
	case s.isNextPair(sign, value):
	default:
		s.add(category, at, to)
	}
}

// isNextPair: in "ruser= rhost=host" the value is empty, and the next pair follows.
func (s *scanner) isNextPair(sign int, value string) bool {
	return strings.HasPrefix(s.text[sign:], "= ") && s.text[sign-1] != ' ' && strings.Contains(value, "=")
}

// keyBefore is the name that a text ends with, quoted or not.
func keyBefore(text string) string {
	end := len(text)
	for end > 0 && len(text)-end < 2 && text[end-1] == ' ' {
		end--
	}
	for limit := end - 6; end > max(0, limit) && isQuote(text[end-1]); {
		end--
	}
	from := end
	for from > 0 && end-from <= longestKey && (isWord(text[from-1]) || text[from-1] == '-' || text[from-1] == '.') {
		from--
	}
	return text[from:end]
}

func isArrow(c byte) bool { return c == '=' || c == '>' || c == ':' }
func isBlank(c byte) bool { return c == ' ' || c == '\t' }
func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '\\' || c == '`' }

// categoryOf reads names such as password, db.password, clientSecret, X-Api-Key, aws_secret_access_key, username.
func categoryOf(key string, sign byte) string {
	if key == "" || len(key) > longestKey {
		return ""
	}
	switch key[len(key)-1] | 0x20 { // most names end here
	case 'd', 's', 'e', 't', 'n', 'y', 'r', 'k':
	default:
		return ""
	}
	plain := plainKey(key)
	switch {
	case endsIn(plain, "password", "passwd", "pwd", "passphrase", "passcode") || endsInWord(key, "pass"):
		return categoryPassword
	case endsIn(plain, "secret", "apikey", "accesskey", "secretkey", "privatekey", "encryptionkey", "signingkey", "authkey",
		"accountkey", "sharedkey", "subscriptionkey", "authorization", "credentials"):
		return categoryToken
	case len(key) <= 32 && endsInWord(key, "token") || endsIn(plain, "accesstoken", "authtoken", "apitoken", "refreshtoken"):
		return categoryToken
	case sign == '=' && endsInWord(key, "signature"):
		return categoryToken
	case endsInWord(key, "user", "username", "user_name") || sign == '=' && endsInWord(key, "ruser", "login", "logname"):
		return categoryUser
	}
	return ""
}

// plainKey is a name in small letters without the signs between its words.
func plainKey(key string) string {
	var plain [longestKey]byte
	size := 0
	for i := range len(key) {
		if c := key[i]; isAlnum(c) {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			plain[size] = c
			size++
		}
	}
	return string(plain[:size])
}

func endsIn(text string, ends ...string) bool {
	for _, end := range ends {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	return false
}

// endsInWord: the end stands alone, behind a sign, or begins with a capital letter behind a small one.
func endsInWord(key string, ends ...string) bool {
	for _, end := range ends {
		at := len(key) - len(end)
		if at < 0 || !strings.EqualFold(key[at:], end) {
			continue
		}
		if at == 0 || !isAlnum(key[at-1]) || key[at] < 'a' && key[at-1] >= 'a' {
			return true
		}
	}
	return false
}

// quoteAt is the quote that a value begins with: ", ', \" in JSON within JSON, or "" in a quoted field of CSV.
func quoteAt(text string) string {
	slashes := spanOf(text[:min(len(text), 7)], func(c byte) bool { return c == '\\' })
	if slashes >= len(text) || text[slashes] != '"' && text[slashes] != '\'' {
		return ""
	}
	end := slashes + 1
	if slashes == 0 && strings.HasPrefix(text, `""`) && len(text) > 2 && isTokenByte(text[2]) {
		end++
	}
	return text[:end]
}

// schemeLength is the length of the scheme before the credentials of an Authorization header.
func schemeLength(text string) int {
	size := spanOf(text, isURLSafe)
	if size == 0 || size == len(text) || text[size] != ' ' {
		return 0
	}
	switch strings.ToLower(text[:size]) {
	case "bearer", "basic", "digest", "token", "negotiate", "apikey", "ntlm", "aws4-hmac-sha256", "hmac":
		return size + 1
	}
	return 0
}

// What ends a value that is not quoted.
const (
	passwordEnds = ",;&\"'>)]}|"
	allEnds      = passwordEnds + "<([{"
)

func valueLength(text, quote, ends string) int {
	if quote != "" {
		if end := quotedLength(text[:min(len(text), longestQuoted)], quote); end >= 0 {
			return end
		}
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c <= ' ' || strings.IndexByte(ends, c) >= 0:
			return i
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`nrtu"'\`, text[i+1]) >= 0:
			return i
		}
	}
	return len(text)
}

// quotedLength is where the closing quote stands; one behind a backslash that the opening one has not is text.
func quotedLength(text, quote string) int {
	for from := 0; ; {
		at := strings.Index(text[from:], quote)
		if at < 0 {
			return -1
		}
		at += from
		if at == 0 || len(quote) > 1 || text[at-1] != '\\' {
			return at
		}
		from = at + 1
	}
}

// isNoValue: nothing, a word for nothing, or a reference to a value.
func isNoValue(value string) bool {
	if strings.Trim(value, "*") == "" || strings.HasPrefix(value, "{{") {
		return true
	}
	switch strings.ToLower(value) {
	case "null", "nil", "none", "true", "false", "undefined", "redacted", "[redacted]", "[redacted",
		"[", "(", "{", "<", "%s", "%v", "%q", "%d":
		return true
	}
	return false
}
