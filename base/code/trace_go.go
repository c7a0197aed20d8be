package code

import "strings"

// goHeader reads what stands above the frames of Go: a panic, or the line of a goroutine.
func goHeader(text string) (header, bool) {
	for _, word := range [...]string{"panic", "fatal error"} {
		before, message, ok := strings.Cut(text, word+": ")
		if ok && (before == "" || !isTypeByte(before[len(before)-1])) {
			return header{exception: word, message: messageOf(message)}, true
		}
	}
	if _, after, ok := strings.Cut(text, "panic serving "); ok {
		if _, message, ok := strings.Cut(after, ": "); ok {
			return header{exception: "panic", message: messageOf(message)}, true
		}
	}
	i := strings.Index(text, "goroutine ")
	if i < 0 || !strings.HasSuffix(text, "]:") {
		return header{}, false
	}
	thread := text[i : len(text)-1]
	if n, _ := leading(thread[len("goroutine "):]); n == 0 {
		return header{}, false
	}
	return header{thread: valid(thread)}, true
}

// goFrame reads a call of Go, which has two lines: the function, then a tab, the file, the line and an offset.
func goFrame(function, line string) (Frame, bool) {
	file, n, ok := goPlace(line)
	if !ok {
		return Frame{}, false
	}
	name := goFunction(strings.TrimSpace(function))
	if name == "" {
		return Frame{}, false
	}
	f := goName(name)
	f.Language, f.File, f.Line, f.Text = Go, file, n, name+" "+strings.TrimSpace(line)
	return f, true
}

// goPlace reads "\t/path/file.go:12 +0x1d", with or without the offset.
func goPlace(line string) (file string, n int, ok bool) {
	i := strings.LastIndex(line, ".go:")
	if i < 0 {
		if i = strings.LastIndex(line, ".s:"); i < 0 {
			return "", 0, false
		}
	}
	colon := i + strings.IndexByte(line[i:], ':')
	n, rest := leading(line[colon+1:])
	if n == 0 || rest != "" && !strings.HasPrefix(rest, " +0x") {
		return "", 0, false
	}
	start := strings.LastIndexAny(line[:i], "\t")
	if start < 0 {
		start = strings.LastIndex(line[:i], "  ") + 1
	}
	file = strings.TrimSpace(line[start+1 : colon])
	if start <= 0 && line[0] != '\t' && line[0] != ' ' {
		return "", 0, false
	}
	return file, n, file != ""
}

// goFunction is the function that a line of a trace names, without arguments and without what a log wrote before it;
// empty where the line names none.
func goFunction(text string) string {
	_, after, created := strings.Cut(text, "created by ")
	if created {
		text = after
		if before, _, ok := strings.Cut(text, " in goroutine "); ok {
			text = before
		}
	}
	if strings.HasSuffix(text, ")") && !created {
		open := matching(text)
		if open <= 0 {
			return ""
		}
		text = text[:open]
	}
	text = text[strings.LastIndexAny(text, " \t")+1:]
	if text == "panic" {
		return text
	}
	dot := strings.IndexByte(text[strings.LastIndexByte(text, '/')+1:], '.')
	if dot <= 0 || strings.ContainsAny(text, `"'=,;<>\`) || strings.HasSuffix(text, ":") || strings.HasSuffix(text, ".") {
		return ""
	}
	return text
}

// matching is where the parenthesis opens that closes at the end of the text; -1 = nowhere.
func matching(text string) int {
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// goName takes "example.com/orders.(*Store).Find.func1" apart.
func goName(name string) Frame {
	name = withoutBrackets(name)
	slash := strings.LastIndexByte(name, '/') + 1
	pkg, rest, ok := strings.Cut(name[slash:], ".")
	if !ok {
		return Frame{Method: name}
	}
	pkg = strings.ReplaceAll(name[:slash]+pkg, "%2e", ".")
	rest = goEnclosing(rest)
	if strings.HasPrefix(rest, "(") {
		class, method, _ := strings.Cut(rest[1:], ")")
		return Frame{Package: pkg, Class: strings.TrimPrefix(class, "*"), Method: strings.TrimPrefix(method, ".")}
	}
	if class, method, ok := strings.Cut(rest, "."); ok && method != "" && !isDigit(method[0]) && method[0] != '.' {
		return Frame{Package: pkg, Class: class, Method: method}
	}
	return Frame{Package: pkg, Method: rest}
}

// goEnclosing is the declared function around a closure: without .func1, .2, .gowrap1, .deferwrap1, -range1 and -fm.
func goEnclosing(name string) string {
	for {
		last := strings.LastIndexAny(name, ".-")
		if last <= 0 {
			return name
		}
		word := strings.TrimRight(name[last+1:], "0123456789")
		numbered := len(word) < len(name)-last-1
		switch {
		case word == "fm", numbered && (word == "" || word == "func" || word == "gowrap" || word == "deferwrap" || word == "range"):
			name = name[:last]
		default:
			return name
		}
	}
}

// withoutBrackets takes the parameters of types out: Fn[...], Map[string,int].
func withoutBrackets(name string) string {
	if !strings.Contains(name, "[") {
		return name
	}
	var b strings.Builder
	depth := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
