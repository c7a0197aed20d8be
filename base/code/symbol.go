// Package code is the vocabulary of source code that a code graph and a code host share: what a symbol is, how symbols
// are asked for, what calls what, and the frames of a stack trace.
package code

import (
	"context"
	"strings"
)

// Kind is what a symbol is.
type Kind string

// The kinds of symbols. A graph may know others, by its own labels.
const (
	KindClass   Kind = "class"
	KindMethod  Kind = "method"
	KindService Kind = "service"
	KindFile    Kind = "file"
	KindRepo    Kind = "repo"
)

// Symbol is a piece of code that has a name. Fields that are not known are empty.
type Symbol struct {
	ID      string `json:"id,omitempty"` // of the source that gave it; opaque, and no longer valid when the source is filled anew
	Kind    Kind   `json:"kind,omitempty"`
	Name    string `json:"name"`            // without its class and package
	Class   string `json:"class,omitempty"` // of a method
	Service string `json:"service,omitempty"`
	Repo    string `json:"repo,omitempty"` // owner/name
	File    string `json:"file,omitempty"` // path within the repository
	Line    int    `json:"line,omitempty"` // the first, from 1; 0 = not known
	End     int    `json:"end,omitempty"`  // the last; 0 = not known
}

// String is Class#method for a method and the name for all else.
func (s Symbol) String() string {
	if s.Class == "" || s.Kind != KindMethod {
		return s.Name
	}
	return s.Class + "#" + s.Name
}

// Covers says whether the line lies within the symbol. A symbol whose last line is not known covers its first only.
func (s Symbol) Covers(line int) bool {
	return s.Line > 0 && line >= s.Line && line <= max(s.Line, s.End)
}

// SplitName takes a name as logs and people write it apart: Class#method, Class.method, Class::method, a class or method
// alone, each perhaps behind a package (com.example.Class#method). Class is empty where only one word is there.
func SplitName(text string) (class, name string) {
	text = strings.TrimSpace(text)
	for _, mark := range [...]string{"#", "::"} {
		if before, after, found := strings.Cut(text, mark); found {
			return last(before), last(after)
		}
	}
	before, found := text, false
	if i := strings.LastIndexByte(text, '.'); i >= 0 {
		before, text, found = text[:i], text[i+1:], true
	}
	if !found || !isClass(last(before)) {
		return "", text
	}
	return last(before), text
}

// isClass follows the habit of most languages: classes begin with a capital letter, packages do not.
func isClass(word string) bool { return word != "" && word[0] >= 'A' && word[0] <= 'Z' }

// last is the last part of a dotted or double-coloned name.
func last(name string) string {
	if i := strings.LastIndexAny(name, ".:/"); i >= 0 {
		return name[i+1:]
	}
	return name
}

// SymbolsQuery asks for symbols. Every condition that is set must hold; at least Name or File must be set.
type SymbolsQuery struct {
	Name    string `json:"name,omitempty" jsonschema:"a class, a method, or Class#method"`
	Kind    Kind   `json:"kind,omitempty" jsonschema:"class, method, service, file or repo"`
	Service string `json:"service,omitempty" jsonschema:"that the symbol belongs to; empty: all"`
	File    string `json:"file,omitempty" jsonschema:"the path, or its end from a slash on"`
	Line    int    `json:"line,omitempty" jsonschema:"from 1; what covers this line of the file or the class, the narrowest first"`
	Limit   int    `json:"limit,omitempty" jsonschema:"0 = the client's default"`
}

// Call is a call of one symbol by another.
type Call struct {
	From  Symbol `json:"from"`
	To    Symbol `json:"to"`
	Depth int    `json:"depth"` // calls away from the symbol that was asked about, from 1
}

// CallsQuery asks what calls a symbol, or what it calls.
type CallsQuery struct {
	Symbol  string `json:"symbol" jsonschema:"a class, a method, or Class#method"`
	Service string `json:"service,omitempty" jsonschema:"where the symbol is, when several services have its name"`
	Depth   int    `json:"depth,omitempty" jsonschema:"default 4"`
	Limit   int    `json:"limit,omitempty" jsonschema:"calls; 0 = the client's default"`
}

// Source answers questions about code. A list that is not all there comes with a *base.IncompleteError. No match is an
// empty list and no error; a symbol that Callers or Callees does not know is base.ErrNotFound.
type Source interface {
	Name() string
	FindSymbols(ctx context.Context, q SymbolsQuery) ([]Symbol, error)
	Callers(ctx context.Context, q CallsQuery) ([]Call, error)
	Callees(ctx context.Context, q CallsQuery) ([]Call, error)
}
