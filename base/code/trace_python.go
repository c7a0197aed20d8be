package code

import "strings"

const tracebackMark = "Traceback (most recent call last):"

// pythonFrame reads `  File "app/orders.py", line 3, in find`; column is where it begins.
func pythonFrame(line string) (f Frame, column int, ok bool) {
	column = strings.Index(line, `File "`)
	if column < 0 {
		return f, 0, false
	}
	file, rest, ok := strings.Cut(line[column+len(`File "`):], `", line `)
	if !ok || file == "" {
		return f, 0, false
	}
	n, rest := leading(rest)
	if n == 0 {
		return f, 0, false
	}
	f = Frame{Language: Python, File: file, Line: n, Text: line[column:]}
	if name, ok := strings.CutPrefix(rest, ", in "); ok {
		f.Class, f.Method = pythonName(strings.TrimSpace(name))
	} else if rest != "" {
		return f, 0, false
	}
	return f, column, true
}

// pythonName reads a function, or Class.method where the version writes it; <module> is no name.
func pythonName(name string) (class, method string) {
	name = strings.TrimSuffix(beforeAny(name, ".<locals>"), "()")
	if class, method = cutLast(name, '.'); strings.HasPrefix(method, "<") {
		method = ""
	}
	return class, method
}

// pythonLinks stand between two tracebacks.
var pythonLinks = map[string]Link{
	"The above exception was the direct cause of the following exception:": LinkCauses,
	"During handling of the above exception, another exception occurred:":  LinkDuring,
}

// pythonStart reads what stands above a traceback: its mark, how it belongs to the one before, the rule of a group.
func (t *tracer) pythonStart(line string) bool {
	if before, _, ok := strings.Cut(line, tracebackMark); ok {
		t.header = header{link: t.header.link} // an exception above it is another one
		t.begin(Python)
		t.column = len(strings.TrimSuffix(strings.TrimSuffix(before, "Exception Group "), "+ "))
		return true
	}
	text := strings.Trim(line, " |")
	for words, link := range pythonLinks {
		if strings.HasSuffix(text, words) {
			t.expect(header{link: link})
			return true
		}
	}
	if isGroupRule(text) {
		t.expect(header{link: LinkMember})
		return true
	}
	if h, ok := pythonException(text); ok && t.header.link == LinkMember {
		t.begin(Python) // one that was never raised has no frames
		t.raised(h)
		return true
	}
	return false
}

// isGroupRule knows "+-+---------------- 1 ----------------" and the "+---------------- 2 ----------------" of the later
// ones.
func isGroupRule(text string) bool {
	number := strings.Trim(text, "+- ")
	n, rest := leading(number)
	return n > 0 && rest == "" && strings.HasPrefix(text, "+-") && strings.HasSuffix(text, "---")
}

// pythonLine takes a line of an open traceback: the source under a frame, or the exception that ends it.
func (t *tracer) pythonLine(line string) bool {
	text := line[min(t.column, len(line)):]
	text = strings.TrimPrefix(strings.TrimPrefix(text, "| "), "|")
	if strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t") || strings.Trim(text, "|+- ") == "" {
		return !isGroupRule(strings.Trim(line, " |"))
	}
	h, ok := pythonException(text)
	if ok {
		t.raised(h)
	}
	return ok
}

// raised ends the traceback with its exception.
func (t *tracer) raised(h header) {
	t.stack.Exception, t.stack.Message = strings.Clone(h.exception), strings.Clone(h.message)
	t.close()
}

// pythonException reads "requests.exceptions.ConnectionError: message" or the name alone.
func pythonException(text string) (header, bool) {
	name, _, _ := strings.Cut(text, ":")
	for i := range len(name) {
		if c := name[i]; !isTypeByte(c) || c == '/' || c == '$' {
			return header{}, false
		}
	}
	if name == "" || isDigit(name[0]) {
		return header{}, false
	}
	return exceptionOf(text), true
}
