package code

// Language is the language whose runtime wrote a stack trace.
type Language string

// The languages whose stack traces are understood.
const (
	Java   Language = "java"
	Go     Language = "go"
	Python Language = "python"
	Ruby   Language = "ruby"
	Node   Language = "node"
	DotNet Language = "dotnet"
)

// Frame is one call in a stack trace, as the runtime wrote it. Fields that it did not write are empty.
type Frame struct {
	Language Language `json:"language"`
	Package  string   `json:"package,omitempty"` // package, module or namespace
	Class    string   `json:"class,omitempty"`   // without its package; the type of a method's receiver in Go
	Method   string   `json:"method,omitempty"`  // or function
	File     string   `json:"file,omitempty"`    // as written: a name in Java, a path elsewhere
	Line     int      `json:"line,omitempty"`    // from 1; 0 = not written
	Text     string   `json:"text,omitempty"`    // the line of the trace
}

// Match is how surely a frame was found in code.
type Match string

// From the surest to the least.
const (
	MatchLine   Match = "line"   // a symbol that covers the line
	MatchMethod Match = "method" // class and method, at no known or another line
	MatchClass  Match = "class"  // the class alone, or the file
	MatchNone   Match = "none"
)

// ResolvedFrame is a frame and the symbols that it can be; several where the code has several of that name.
type ResolvedFrame struct {
	Frame   Frame    `json:"frame"`
	Match   Match    `json:"match"`
	Symbols []Symbol `json:"symbols,omitempty"`
}
