package evidence

import (
	"slices"
	"strconv"
	"strings"
)

// Keys under which loggers name the place in the code, in the order of preference.
var (
	callerKeys   = []string{"caller", "site", "source", "location"}
	fileKeys     = []string{"code.file.path", "code.filepath", "source.file", "file", "filename"}
	lineKeys     = []string{"code.line.number", "code.lineno", "source.line", "line", "lineno"}
	functionKeys = []string{"code.function.name", "code.function", "source.function", "function", "class", "logger"}
)

// site is the place in the code that the fields name, or else the first that the head of the message names.
func (b *Body) site() CodeRegion {
	if s := fieldSite(b.Field); s != (CodeRegion{}) {
		return s
	}
	for word := range strings.FieldsFuncSeq(b.head(), isLineBreak) {
		word = word[strings.LastIndexByte(word, '=')+1:] // caller=file.go:12
		if s, ok := parseSite(strings.TrimRight(word, ".:")); ok {
			return s
		}
	}
	return CodeRegion{}
}

// fieldSite is the place in the code that fields or attributes name.
func fieldSite(field func(string) (string, bool)) CodeRegion {
	for _, key := range callerKeys {
		if v, ok := field(key); ok {
			if s, ok := parseSite(v); ok {
				return s
			}
		}
	}
	line, err := strconv.Atoi(firstOf(field, lineKeys))
	if err != nil || line <= 0 {
		return CodeRegion{}
	}
	s := CodeRegion{Symbol: firstOf(field, functionKeys), File: firstOf(field, fileKeys), Lines: [2]int{line, line}}
	if s.Symbol == "" && s.File == "" {
		return CodeRegion{}
	}
	return s
}

func firstOf(field func(string) (string, bool), keys []string) string {
	for _, key := range keys {
		if v, ok := field(key); ok && v != "" {
			return v
		}
	}
	return ""
}

// sourceEndings are the endings of files of code.
var sourceEndings = []string{
	"go", "rb", "erb", "py", "java", "kt", "scala", "groovy", "js", "jsx", "ts", "tsx", "mjs", "cs", "fs", "c", "cc", "cpp", "h",
	"hpp", "rs", "php", "ex", "exs", "erl", "swift", "clj", "pl", "lua",
}

// parseSite reads Class#123, Class#method:123 or file.go:123, the latter with or without a column or a method behind it.
func parseSite(word string) (CodeRegion, bool) {
	if class, number, ok := strings.Cut(word, "#"); ok {
		symbol := class
		if method, after, ok := strings.Cut(number, ":"); ok && allBytes(method, isWord) {
			symbol, number = class+"#"+method, after
		}
		line, ok := parseLine(number)
		return CodeRegion{Symbol: symbol, Lines: [2]int{line, line}}, ok && isClass(class)
	}
	file, rest, ok := strings.Cut(word, ":")
	if !ok || !slices.Contains(sourceEndings, ending(file)) {
		return CodeRegion{}, false
	}
	number, _, _ := strings.Cut(rest, ":")
	line, ok := parseLine(number)
	return CodeRegion{File: file, Lines: [2]int{line, line}}, ok
}

func ending(file string) string { return file[strings.LastIndexByte(file, '.')+1:] }

func parseLine(number string) (int, bool) {
	if len(number) > 6 || !allBytes(number, isDigit) {
		return 0, false
	}
	line, err := strconv.Atoi(number)
	return line, err == nil && line > 0
}

// isClass reports whether the text is the name of a class, with or without its package: the last part begins with a
// capital letter.
func isClass(symbol string) bool {
	if symbol == "" || !allBytes(symbol, func(c byte) bool { return isWord(c) || c == '.' || c == ':' || c == '$' }) {
		return false
	}
	last := symbol[strings.LastIndexAny(symbol, ".:$")+1:]
	return last != "" && last[0] >= 'A' && last[0] <= 'Z'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isWord is a letter, a digit or an underscore of ASCII.
func isWord(c byte) bool { return isDigit(c) || isLetter(c) || c == '_' }

// allBytes reports whether the text is not empty and holds nothing else.
func allBytes(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return text != ""
}
