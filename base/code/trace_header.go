package code

import (
	"slices"
	"strings"
)

// maxMessage is how much of the message of an exception is kept.
const maxMessage = 1024

// linkMarks stand before an exception that belongs to the one above.
var linkMarks = []struct {
	mark string
	link Link
}{{"Caused by: ", LinkCausedBy}, {"[cause]: ", LinkCausedBy}, {"Suppressed: ", LinkSuppressed}}

// traceHeader reads the line above frames: an exception and its message, a panic, a goroutine, a thread.
func traceHeader(text string) (header, bool) {
	for _, m := range linkMarks {
		if _, after, ok := strings.Cut(text, m.mark); ok {
			h := exceptionOf(after)
			h.link = m.link
			return h, true
		}
	}
	if h, ok := goHeader(text); ok {
		return h, true
	}
	if name, after, ok := strings.Cut(strings.TrimPrefix(text, `"`), `" `); ok && text[0] == '"' && strings.HasPrefix(after, "#") {
		return header{thread: name}, true
	}
	return findException(text)
}

// exceptionOf reads "Type: message" from the beginning, whatever the type is called.
func exceptionOf(text string) header {
	name, message, _ := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	if strings.ContainsAny(name, " \t") || !strings.HasPrefix(message, " ") && message != "" {
		name, message = "", text
		if i := strings.IndexAny(text, " {"); i > 0 && isException(text[:i]) { // Node's "Error {"
			name, message = text[:i], ""
		}
	}
	return header{exception: valid(name), message: messageOf(message)}
}

func messageOf(text string) string {
	text = strings.TrimSpace(text)
	return valid(text[:min(len(text), maxMessage)])
}

func valid(text string) string { return strings.ToValidUTF8(text, "") }

// exceptionEndings are how the types of exceptions are called in all six languages.
var exceptionEndings = []string{"Exception", "Error", "Throwable", "Failure", "Fault", "Interrupt", "Timeout", "NotFound", "Invalid"}

func isException(name string) bool {
	return slices.ContainsFunc(exceptionEndings, func(e string) bool { return strings.HasSuffix(name, e) })
}

// isTypeByte is a byte of a type's name with its package, in any of the languages.
func isTypeByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || strings.IndexByte("_.$:+`/", c) >= 0
}

// findException finds the first word that is the type of an exception: with a colon or nothing behind it, or with its
// message in parentheses, as Rails writes it.
func findException(text string) (header, bool) {
	for i := 0; i < len(text); {
		if !isTypeByte(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && isTypeByte(text[end]) {
			end++
		}
		word, rest := text[i:end], text[end:]
		name := strings.TrimRight(word, ":.")
		if isException(name) {
			switch {
			case name != word && word[len(name)] == ':' || strings.TrimRight(rest, `"{ `) == "":
				return header{exception: valid(name), message: messageOf(rest)}, true
			case strings.HasPrefix(rest, " [") && strings.Contains(rest, "]: "): // Node's TypeError [CODE]: message
				_, rest, _ = strings.Cut(rest, "]: ")
				return header{exception: valid(name), message: messageOf(rest)}, true
			case strings.HasPrefix(rest, " (") && strings.HasSuffix(rest, "):"):
				return header{exception: valid(name), message: messageOf(rest[2 : len(rest)-2])}, true
			}
		}
		i = end
	}
	return header{}, false
}
