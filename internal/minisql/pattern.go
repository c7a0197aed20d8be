package minisql

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

func pattern(typ string, build func(string) (func(string) any, error)) function {
	return function{least: 2, most: 2, result: is(typ), prepare: func(last any) (func(any) (any, error), error) {
		f, err := build(text(last))
		if err != nil {
			return nil, err
		}
		return func(v any) (any, error) {
			if v == nil {
				return nil, nil
			}
			return f(text(v)), nil
		}, nil
	}}
}

func regex(source string) (*regexp.Regexp, error) {
	re, err := regexp.Compile("(?s)" + source)
	if err != nil {
		return nil, fail(427, "OptimizedRegularExpression: cannot compile re2: %s", source)
	}
	return re, nil
}

// wildcard is one part of a LIKE pattern: a text, one character (_) or anything (%).
type wildcard struct {
	text     string
	one, any bool
}

// wildcards cuts a LIKE pattern. A backslash makes %, _ and itself plain.
func wildcards(p string) ([]wildcard, error) {
	var all []wildcard
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			all = append(all, wildcard{text: plain.String()})
			plain.Reset()
		}
	}
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '%':
			flush()
			if len(all) == 0 || !all[len(all)-1].any {
				all = append(all, wildcard{any: true})
			}
		case c == '_':
			flush()
			all = append(all, wildcard{one: true})
		case c == '\\' && i+1 == len(p):
			return nil, fail(25, "Cannot parse escape sequence: a LIKE pattern ends with a backslash")
		case c == '\\' && strings.IndexByte(`%_\`, p[i+1]) >= 0:
			i++
			plain.WriteByte(p[i])
		default:
			plain.WriteByte(c)
		}
	}
	flush()
	return all, nil
}

// fits matches with one point to go back to: where the last % stood.
func fits(parts []wildcard, s string) bool {
	at, back, rest := 0, -1, ""
	for {
		switch {
		case at < len(parts) && parts[at].any:
			if at++; at == len(parts) {
				return true
			}
			back, rest = at, s
			continue
		case at == len(parts) && s == "":
			return true
		case at < len(parts) && parts[at].one && s != "":
			_, size := utf8.DecodeRuneInString(s)
			s = s[size:]
			at++
			continue
		case at < len(parts) && parts[at].text != "" && strings.HasPrefix(s, parts[at].text):
			s = s[len(parts[at].text):]
			at++
			continue
		}
		if back < 0 || rest == "" {
			return false
		}
		rest = rest[1:]
		if parts[back].text != "" { // skip to where it can go on
			i := strings.Index(rest, parts[back].text)
			if i < 0 {
				return false
			}
			rest = rest[i:]
		}
		at, s = back, rest
	}
}

func like(fold bool) function {
	return pattern("UInt8", func(p string) (func(string) any, error) {
		if fold {
			p = strings.ToLower(p)
		}
		parts, err := wildcards(p)
		if err != nil {
			return nil, err
		}
		if len(parts) == 3 && parts[0].any && parts[2].any && parts[1].text != "" && !fold {
			needle := parts[1].text
			return func(s string) any { return flag(strings.Contains(s, needle)) }, nil
		}
		return func(s string) any {
			if fold {
				s = strings.ToLower(s)
			}
			return flag(fits(parts, s))
		}, nil
	})
}
