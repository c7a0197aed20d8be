package minisql

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

func onText(typ string, f func(string) any) function {
	return function{least: 1, most: 1, result: is(typ), run: func(a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		return f(text(a[0])), nil
	}}
}

func onTexts(typ string, f func(a, b string) any) function {
	return function{least: 2, most: 3, result: is(typ), run: func(a []any) (any, error) {
		if a[0] == nil || a[1] == nil {
			return nil, nil
		}
		return f(text(a[0]), text(a[1])), nil
	}}
}

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

// likePattern turns a LIKE pattern into a regular expression.
func likePattern(p string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteByte('.')
		case c == '\\' && i+1 < len(p) && strings.IndexByte(`%_\`, p[i+1]) >= 0:
			i++
			b.WriteString(regexp.QuoteMeta(p[i : i+1]))
		default:
			end := i + 1
			for end < len(p) && p[end] >= 0x80 && c >= 0x80 {
				end++
			}
			b.WriteString(regexp.QuoteMeta(p[i:end]))
			i = end - 1
		}
	}
	return b.String() + "$"
}

func like(fold bool) function {
	return pattern("UInt8", func(p string) (func(string) any, error) {
		if fold {
			p = strings.ToLower(p)
		}
		if inner, ok := plainContains(p); ok {
			return func(s string) any {
				if fold {
					s = strings.ToLower(s)
				}
				return flag(strings.Contains(s, inner))
			}, nil
		}
		re, err := regex(likePattern(p))
		return func(s string) any {
			if fold {
				s = strings.ToLower(s)
			}
			return flag(re.MatchString(s))
		}, err
	})
}

// plainContains recognises %text%, the usual case.
func plainContains(p string) (string, bool) {
	if len(p) < 2 || p[0] != '%' || p[len(p)-1] != '%' {
		return "", false
	}
	inner := p[1 : len(p)-1]
	return inner, !strings.ContainsAny(inner, `%_\`)
}

func hasToken(fold bool) function {
	return pattern("UInt8", func(token string) (func(string) any, error) {
		if token == "" || strings.ContainsFunc(token, separator) {
			return nil, fail(36, "Needle must not contain whitespace or separator characters")
		}
		if fold {
			token = strings.ToLower(token)
		}
		return func(s string) any {
			if fold {
				s = strings.ToLower(s)
			}
			for rest := s; ; {
				i := strings.Index(rest, token)
				if i < 0 {
					return flag(false)
				}
				before, after := rest[:i], rest[i+len(token):]
				if !endsWithWord(before) && !startsWithWord(after) {
					return flag(true)
				}
				rest = rest[i+1:]
			}
		}, nil
	})
}

func separator(r rune) bool { return r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func endsWithWord(s string) bool   { return s != "" && !separator(rune(s[len(s)-1])) }
func startsWithWord(s string) bool { return s != "" && !separator(rune(s[0])) }

func jsonField(s, key string) (any, bool) {
	var fields map[string]any
	if json.Unmarshal([]byte(s), &fields) != nil {
		return nil, false
	}
	v, ok := fields[key]
	return v, ok
}

var textFunctions = map[string]function{
	"lower": onText("String", func(s string) any { return strings.ToLower(s) }), "lowerUTF8": onText("String", func(s string) any { return strings.ToLower(s) }),
	"upper": onText("String", func(s string) any { return strings.ToUpper(s) }),
	"trim":  onText("String", func(s string) any { return strings.TrimSpace(s) }),
	"hex": onText("String", func(s string) any {
		const digits = "0123456789ABCDEF"
		var b strings.Builder
		for i := range len(s) {
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&15])
		}
		return b.String()
	}),
	"length": {1, 1, is("UInt64"), func(a []any) (any, error) {
		switch x := a[0].(type) {
		case []any:
			return uint64(len(x)), nil
		case map[string]any:
			return uint64(len(x)), nil
		}
		return uint64(len(text(a[0]))), nil
	}, nil},
	"empty":    {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(isEmpty(a[0])), nil }, nil},
	"notEmpty": {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(!isEmpty(a[0])), nil }, nil},
	"like":     like(false), "ilike": like(true),
	"match": pattern("UInt8", func(p string) (func(string) any, error) {
		re, err := regex(p)
		return func(s string) any { return flag(re.MatchString(s)) }, err
	}),
	"extract": pattern("String", func(p string) (func(string) any, error) {
		re, err := regex(p)
		return func(s string) any {
			m := re.FindStringSubmatch(s)
			switch len(m) {
			case 0:
				return ""
			case 1:
				return m[0]
			}
			return m[1]
		}, err
	}),
	"hasToken": hasToken(false), "hasTokenCaseInsensitive": hasToken(true),
	"position":                onTexts("UInt64", func(a, b string) any { return uint64(strings.Index(a, b) + 1) }),
	"positionCaseInsensitive": onTexts("UInt64", func(a, b string) any { return uint64(strings.Index(strings.ToLower(a), strings.ToLower(b)) + 1) }),
	"startsWith":              onTexts("UInt8", func(a, b string) any { return flag(strings.HasPrefix(a, b)) }),
	"endsWith":                onTexts("UInt8", func(a, b string) any { return flag(strings.HasSuffix(a, b)) }),
	"multiSearchAny":          searchAny(false), "multiSearchAnyCaseInsensitive": searchAny(true),
	"concat": {1, -1, is("String"), func(a []any) (any, error) {
		var b strings.Builder
		for _, v := range a {
			b.WriteString(text(v))
		}
		return b.String(), nil
	}, nil},
	"substring": {2, 3, is("String"), substring, nil}, "substr": {2, 3, is("String"), substring, nil},
	"left": {2, 2, is("String"), func(a []any) (any, error) { return substring([]any{a[0], uint64(1), a[1]}) }, nil},
	"replaceAll": {3, 3, is("String"), func(a []any) (any, error) {
		return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2])), nil
	}, nil},
	"replaceRegexpAll": {3, 3, is("String"), func(a []any) (any, error) {
		re, err := regex(text(a[1]))
		if err != nil {
			return nil, err
		}
		return re.ReplaceAllString(text(a[0]), strings.ReplaceAll(text(a[2]), `\`, "$")), nil
	}, nil},
	"splitByChar": {2, 2, is("Array(String)"), func(a []any) (any, error) {
		var all []any
		for part := range strings.SplitSeq(text(a[1]), text(a[0])) {
			all = append(all, part)
		}
		return all, nil
	}, nil},
	"simpleJSONExtractString": onTexts("String", func(s, key string) any {
		v, _ := jsonField(s, key)
		t, _ := v.(string)
		return t
	}),
	"JSONExtractString": onTexts("String", func(s, key string) any {
		v, _ := jsonField(s, key)
		t, _ := v.(string)
		return t
	}),
	"simpleJSONHas": onTexts("UInt8", func(s, key string) any { _, ok := jsonField(s, key); return flag(ok) }),
	"JSONHas":       onTexts("UInt8", func(s, key string) any { _, ok := jsonField(s, key); return flag(ok) }),
}

func isEmpty(v any) bool {
	switch x := v.(type) {
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return strings.TrimRight(text(v), "\x00") == ""
}

func substring(a []any) (any, error) {
	s := text(a[0])
	from, _ := asFloat(a[1])
	start := min(len(s), max(0, int(from)-1))
	end := len(s)
	if len(a) == 3 {
		n, _ := asFloat(a[2])
		end = min(len(s), start+max(0, int(n)))
	}
	return s[start:end], nil
}

func searchAny(fold bool) function {
	return function{least: 2, most: 2, result: is("UInt8"), run: func(a []any) (any, error) {
		s := text(a[0])
		if fold {
			s = strings.ToLower(s)
		}
		needles, _ := a[1].([]any)
		for _, n := range needles {
			t := text(n)
			if fold {
				t = strings.ToLower(t)
			}
			if strings.Contains(s, t) {
				return flag(true), nil
			}
		}
		return flag(false), nil
	}}
}
