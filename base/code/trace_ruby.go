package code

import "strings"

// rubyFrame reads "app/orders.rb:12:in 'Orders::Store#find'" and the older "app/orders.rb:12:in `find'". The first line that
// Ruby itself prints has the exception behind it, which is then the header.
func rubyFrame(line string) (Frame, header, bool) {
	mark := strings.Index(line, ":in '")
	if older := strings.Index(line, ":in `"); mark < 0 || older >= 0 && older < mark {
		mark = older
	}
	if mark < 0 {
		return Frame{}, header{}, false
	}
	end := strings.IndexByte(line[mark+len(":in '"):], '\'')
	if end < 0 {
		return Frame{}, header{}, false
	}
	end += mark + len(":in '")
	start := rubyStart(line[:mark])
	file, n, ok := place(line[start:mark])
	if !ok {
		return Frame{}, header{}, false
	}
	f := Frame{Language: Ruby, File: file, Line: n, Text: line[start : end+1]}
	f.Package, f.Class, f.Method = rubyName(line[mark+len(":in '") : end])
	return f, rubyRaised(line[end+1:]), true
}

// rubyStart is where the file begins: behind white space, a quote or a bracket. A file that is evaluated is
// "(eval at app/x.rb:3)".
func rubyStart(s string) int {
	if i := strings.LastIndex(s, "(eval"); i >= 0 {
		return i
	}
	return strings.LastIndexAny(s, " \t\"'[|=,") + 1
}

// rubyRaised reads ": message (Class)" behind the first frame.
func rubyRaised(rest string) header {
	rest, ok := strings.CutPrefix(strings.TrimSpace(rest), ": ")
	if !ok {
		return header{}
	}
	if open := strings.LastIndex(rest, " ("); open >= 0 && strings.HasSuffix(rest, ")") {
		return header{exception: valid(rest[open+2 : len(rest)-1]), message: messageOf(rest[:open])}
	}
	return header{message: messageOf(rest)}
}

// rubyName reads Orders::Store#find, Orders.open, find, and what surrounds them: "block (2 levels) in", "rescue in". The
// body of a class or file has no method.
func rubyName(text string) (pkg, class, method string) {
	if i := strings.LastIndex(text, " in "); i >= 0 {
		text = text[i+len(" in "):]
	}
	if strings.HasPrefix(text, "<") {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(text, ">"), "<class:"); ok {
			return "", name, ""
		}
		return "", "", ""
	}
	i := strings.IndexAny(text, "#.")
	if i <= 0 {
		return "", "", text
	}
	class, method = text[:i], text[i+1:]
	if j := strings.LastIndex(class, "::"); j >= 0 {
		pkg, class = class[:j], class[j+2:]
	}
	return pkg, class, method
}
