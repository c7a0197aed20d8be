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
	Language Language `json:"language" jsonschema:"java, go, python, ruby, node or dotnet"`
	Package  string   `json:"package,omitempty" jsonschema:"package, module or namespace"` // package, module or namespace
	Class    string   `json:"class,omitempty" jsonschema:"without its package"`            // without its package; the type of a method's receiver in Go
	Method   string   `json:"method,omitempty" jsonschema:"or function"`                   // or function
	File     string   `json:"file,omitempty" jsonschema:"as it is written in the trace"`   // as written: a name in Java, a path elsewhere
	Line     int      `json:"line,omitempty" jsonschema:"from 1"`                          // from 1; 0 = not written
	Text     string   `json:"text,omitempty" jsonschema:"line of the trace"`               // the line of the trace
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
