package sign

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// stampLayout is the time of the query schemes, in UTC.
const stampLayout = "20060102150405"

// span is where the timestamp stands in a string to sign.
type span struct{ from, to int }

// headerText appends all of the header schemes' string but the body.
func headerText(buf []byte, separator, method, path string, seconds int64) ([]byte, span) {
	buf = append(buf, method...)
	buf = append(buf, separator...)
	buf = append(buf, path...)
	buf = append(buf, separator...)
	at := span{from: len(buf)}
	buf = strconv.AppendInt(buf, seconds, 10)
	at.to = len(buf)
	return append(buf, separator...), at
}

// appText is the string of QueryAppID. The stamp has a fixed length, so a dash in the id is not ambiguous.
func appText(buf []byte, app, stamp string) []byte {
	buf = append(buf, app...)
	buf = append(buf, "--"...)
	return append(buf, stamp...)
}

// queryText is the string of QueryPublicNonce. A path never holds a question mark, so the cut is not ambiguous.
func queryText(buf []byte, path, query string) []byte {
	buf = append(buf, path...)
	buf = append(buf, '?')
	return append(buf, query...)
}

// wirePath is the path as the transport writes it.
func wirePath(u *url.URL) (string, error) {
	path := u.EscapedPath()
	if path == "" {
		return "/", nil
	}
	if !isPath(path) {
		return "", fmt.Errorf("%w: its path does not begin with a slash", ErrUnsignable)
	}
	return path, nil
}

func methodOf(method string) string {
	if method == "" {
		return http.MethodGet
	}
	return method
}

// isToken reports whether the text is an HTTP token: no separator of any scheme can stand in one.
func isToken(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '.', c == '!', c == '~', c == '*', c == '\'', c == '+', c == '%', c == '$',
			c == '&', c == '#', c == '^', c == '`', c == '|':
		default:
			return false
		}
	}
	return text != ""
}

// isPath reports whether the text is a path whose other bytes are percent-encoded.
func isPath(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == '?' || c == '#' {
			return false
		}
	}
	return len(text) > 0 && text[0] == '/'
}
