package minisql

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
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

func hasToken(fold bool) function {
	return pattern("UInt8", func(token string) (func(string) any, error) {
		if token == "" || strings.ContainsFunc(token, separator) {
			return nil, fail(36, "Needle must not contain whitespace or separator characters")
		}
		if fold {
			token = asciiLower(token)
		}
		return func(s string) any {
			if fold {
				s = asciiLower(s)
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

func asciiLower(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return mapASCII(s, 'A', 'Z', 'a'-'A')
		}
	}
	return s
}

func asciiUpper(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') }

func mapASCII(s string, low, high byte, shift int) string {
	b := []byte(s)
	for i, c := range b {
		if c >= low && c <= high {
			b[i] = byte(int(c) + shift)
		}
	}
	return string(b)
}

// rewrite turns the \1 of ClickHouse's replacements into Go's ${1}.
func rewrite(replacement string) string {
	var b strings.Builder
	for i := 0; i < len(replacement); i++ {
		switch c := replacement[i]; {
		case c == '$':
			b.WriteString("$$")
		case c == '\\' && i+1 < len(replacement) && replacement[i+1] >= '0' && replacement[i+1] <= '9':
			i++
			b.WriteString("${" + replacement[i:i+1] + "}")
		case c == '\\' && i+1 < len(replacement):
			i++
			b.WriteByte(replacement[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func hexText(v any) string {
	switch x := v.(type) {
	case uint64:
		return evenHex(x)
	case int64:
		return evenHex(uint64(x))
	case bool:
		n, _ := whole(x)
		return evenHex(uint64(n))
	}
	return strings.ToUpper(hex.EncodeToString([]byte(text(v))))
}

// evenHex writes whole bytes.
func evenHex(n uint64) string {
	s := strings.ToUpper(strconv.FormatUint(n, 16))
	if len(s)%2 == 1 {
		return "0" + s
	}
	return s
}

var textFunctions = map[string]function{
	"lower": onText("String", func(s string) any { return asciiLower(s) }), "lowerUTF8": onText("String", func(s string) any { return strings.ToLower(s) }),
	"upper": onText("String", func(s string) any { return asciiUpper(s) }), "upperUTF8": onText("String", func(s string) any { return strings.ToUpper(s) }),
	"trim":       onText("String", func(s string) any { return strings.Trim(s, " ") }),
	"trimBoth":   onText("String", func(s string) any { return strings.Trim(s, " ") }),
	"trimLeft":   onText("String", func(s string) any { return strings.TrimLeft(s, " ") }),
	"trimRight":  onText("String", func(s string) any { return strings.TrimRight(s, " ") }),
	"lengthUTF8": onText("UInt64", func(s string) any { return uint64(utf8.RuneCountInString(s)) }),
	"hex":        {1, 1, is("String"), func(a []any) (any, error) { return hexText(a[0]), nil }, nil, nil},
	"length": {1, 1, is("UInt64"), func(a []any) (any, error) {
		switch x := a[0].(type) {
		case []any:
			return uint64(len(x)), nil
		case map[string]any:
			return uint64(len(x)), nil
		}
		return uint64(len(text(a[0]))), nil
	}, nil, nil},
	"empty":    {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(isEmpty(a[0])), nil }, nil, nil},
	"notEmpty": {1, 1, is("UInt8"), func(a []any) (any, error) { return flag(!isEmpty(a[0])), nil }, nil, nil},
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
	"positionCaseInsensitive": onTexts("UInt64", func(a, b string) any { return uint64(strings.Index(asciiLower(a), asciiLower(b)) + 1) }),
	"startsWith":              onTexts("UInt8", func(a, b string) any { return flag(strings.HasPrefix(a, b)) }),
	"endsWith":                onTexts("UInt8", func(a, b string) any { return flag(strings.HasSuffix(a, b)) }),
	"multiSearchAny":          searchAny(false), "multiSearchAnyCaseInsensitive": searchAny(true),
	"concat": {1, -1, is("String"), nil, nil, func(types []string) func([]any) (any, error) {
		write := make([]func(any) string, len(types))
		for i, t := range types {
			write[i] = textOf(t)
		}
		return func(a []any) (any, error) {
			var b strings.Builder
			for i, v := range a {
				b.WriteString(write[i](v))
			}
			return b.String(), nil
		}
	}},
	"substring": {2, 3, is("String"), substring, nil, nil}, "substr": {2, 3, is("String"), substring, nil, nil},
	"left": {2, 2, is("String"), func(a []any) (any, error) { return substring([]any{a[0], uint64(1), a[1]}) }, nil, nil},
	"replaceAll": {3, 3, is("String"), func(a []any) (any, error) {
		return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2])), nil
	}, nil, nil},
	"replaceRegexpAll": {3, 3, is("String"), func(a []any) (any, error) {
		re, err := regex(text(a[1]))
		if err != nil {
			return nil, err
		}
		return re.ReplaceAllString(text(a[0]), rewrite(text(a[2]))), nil
	}, nil, nil},
	"splitByString": {2, 2, is("Array(String)"), func(a []any) (any, error) {
		all := []any{}
		for part := range strings.SplitSeq(text(a[1]), text(a[0])) {
			all = append(all, part)
		}
		return all, nil
	}, nil, nil},
	"replace": {3, 3, is("String"), func(a []any) (any, error) {
		return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2])), nil
	}, nil, nil},
	"replaceOne": {3, 3, is("String"), func(a []any) (any, error) {
		return strings.Replace(text(a[0]), text(a[1]), text(a[2]), 1), nil
	}, nil, nil},
	"splitByChar": {2, 2, is("Array(String)"), func(a []any) (any, error) {
		all := []any{}
		if len(text(a[0])) != 1 {
			return nil, fail(36, "Illegal separator for function splitByChar. Must be exactly one byte")
		}
		for part := range strings.SplitSeq(text(a[1]), text(a[0])) {
			all = append(all, part)
		}
		return all, nil
	}, nil, nil},
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

// substring counts bytes from one, or from the end with a negative position.
func substring(a []any) (any, error) {
	s := text(a[0])
	from, ok := whole(a[1])
	if !ok {
		return nil, fail(43, "Illegal type %T of the second argument of function substring", a[1])
	}
	start := int(max(from-1, -1))
	switch {
	case from < 0:
		start = max(0, len(s)+int(max(from, -1<<31)))
	case from == 0:
		return "", nil
	}
	start = min(start, len(s))
	end := len(s)
	if len(a) == 3 {
		n, _ := whole(a[2])
		end = start + int(min(max(0, n), int64(len(s)-start)))
	}
	return s[start:end], nil
}

func searchAny(fold bool) function {
	return function{least: 2, most: 2, result: is("UInt8"), run: func(a []any) (any, error) {
		s := text(a[0])
		if fold {
			s = asciiLower(s)
		}
		needles, _ := a[1].([]any)
		for _, n := range needles {
			t := text(n)
			if fold {
				t = asciiLower(t)
			}
			if strings.Contains(s, t) {
				return flag(true), nil
			}
		}
		return flag(false), nil
	}}
}
