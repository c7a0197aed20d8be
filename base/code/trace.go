package code

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// What [ParseTrace] reads and keeps at most. What is beyond is named in [Trace.Incomplete].
const (
	MaxTraceBytes  = 4 << 20 // of the text, from its beginning
	MaxTraceStacks = 256
	MaxTraceFrames = 4096 // of all stacks together
	MaxStackFrames = 512  // of one stack: those nearest to where it was raised
)

// Trace is what the stack traces in a text say.
type Trace struct {
	Stacks []Stack `json:"stacks,omitempty"` // in the order of the text
	// Incomplete says what of the text was not read or kept; empty = nothing. What the runtime itself left out is
	// Stack.Elided.
	Incomplete string `json:"incomplete,omitempty"`
}

// Frames are the frames of all stacks, in order.
func (t Trace) Frames() []Frame {
	var all []Frame
	for _, s := range t.Stacks {
		all = append(all, s.Frames...)
	}
	return all
}

// Link is how a stack belongs to the one before it.
type Link string

// The links.
const (
	LinkNone       Link = ""           // another trace
	LinkCausedBy   Link = "caused_by"  // it is the cause of the one before: Java's "Caused by", Node's [cause]
	LinkCauses     Link = "causes"     // the one before is its cause: Python's "direct cause", .NET's inner exception
	LinkDuring     Link = "during"     // it was raised while the one before was dealt with
	LinkSuppressed Link = "suppressed" // it was raised on the way out, and gave way to the one before
	LinkMember     Link = "member"     // one of several of a group
)

// Stack is one exception, panic or thread and its calls. Fields that the text does not have are empty.
type Stack struct {
	Language  Language `json:"language"`
	Link      Link     `json:"link,omitempty"`
	Exception string   `json:"exception,omitempty"` // its type as written; "panic" or "fatal error" in Go
	Message   string   `json:"message,omitempty"`   // the first line of it
	Thread    string   `json:"thread,omitempty"`    // "goroutine 7 [running]", "main"
	// Frames begin with the innermost call, also where the runtime writes it last (Python).
	Frames []Frame `json:"frames,omitempty"`
	// Elided is how many frames the runtime says that it left out ("... 12 more").
	Elided int `json:"elided,omitempty"`
}

// ParseTrace finds the stack traces of Java, Go, Python, Ruby, Node and .NET in a text: a trace by itself, a log with
// traces between its lines, with a prefix on each line, or as a string of JSON in which line breaks are written \n. A text
// without one gives no stacks. It takes time in proportion to the text, and stops at MaxTraceBytes.
//
// Fields of a frame name what stands in the source: a closure, a lambda and the state machine of an async method are
// given the method in which they are written (Go's Foo.func1 is Foo, Java's lambda$foo$0 is foo, .NET's <Foo>d__5.MoveNext is
// Foo), and proxies the class that they stand for. Frame.Text has the line as it was. An inner class keeps its
// separator: Outer$Inner in Java, Outer+Inner in .NET.
func ParseTrace(text string) Trace {
	var t tracer
	if len(text) > MaxTraceBytes {
		t.say("the first %d of %d bytes were read", MaxTraceBytes, len(text))
		text = text[:MaxTraceBytes]
	}
	for line := range traceLines(text) {
		t.line(line)
	}
	t.close()
	if t.dropped > 0 {
		t.say("%d frames were not kept", t.dropped)
	}
	if t.refused > 0 {
		t.say("%d stacks were not kept", t.refused)
	}
	t.trace.Incomplete = strings.Join(t.problems, "; ")
	return t.trace
}

// headerAge is how many lines may stand between an exception and its first frame: messages have several lines.
const headerAge = 20

// header is what stands above the frames of a stack.
type header struct {
	exception, message, thread string
	link                       Link
}

// tracer reads line by line. A stack is open as long as nothing but frames and what belongs between them comes.
type tracer struct {
	trace    Trace
	problems []string

	stack  *Stack // open
	header header // waiting for its first frame
	age    int    // lines since
	outer  []header
	before string // the line before, which names the function in Go
	column int    // where a trace of Python begins in its lines

	frames, dropped, refused int
}

func (t *tracer) say(format string, args ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

func (t *tracer) line(line string) {
	if !t.frame(line) && !t.between(line) {
		t.other(line)
	}
	t.before = line
}

// frame takes a line that is a call.
func (t *tracer) frame(line string) bool {
	if f, ok := goFrame(t.before, line); ok {
		t.add(f)
		return true
	}
	if f, ok := atFrame(line); ok {
		t.add(f)
		return true
	}
	if f, column, ok := pythonFrame(line); ok {
		if t.stack == nil || t.stack.Language != Python {
			t.begin(Python)
			t.column = max(0, column-2)
		}
		t.add(f)
		return true
	}
	if f, h, ok := rubyFrame(line); ok {
		if h != (header{}) {
			t.close()
			t.expect(h)
		}
		t.add(f)
		return true
	}
	return false
}

// between takes a line that stands among the frames of an open stack and is none.
func (t *tracer) between(line string) bool {
	text := strings.TrimSpace(line)
	if text == "" {
		return true
	}
	if t.stack == nil {
		return false
	}
	if n, ok := elided(text); ok {
		t.stack.Elided += n
		return true
	}
	switch t.stack.Language {
	case Python:
		return t.pythonLine(line)
	case Java:
		return strings.HasPrefix(text, "- ") // locks in a dump of threads
	case Go:
		return goFunction(text) != ""
	case DotNet:
		return strings.HasPrefix(text, "--- End of stack trace from previous location")
	}
	return false
}

// other takes a line outside of a stack: it ends the one before, and may be the header of the next.
func (t *tracer) other(line string) {
	t.close()
	text := strings.TrimSpace(line)
	if t.pythonStart(line) || t.dotnetChain(text) {
		return
	}
	if h, ok := traceHeader(text); ok {
		h.link = cmp.Or(h.link, t.header.link)
		if strings.HasPrefix(h.thread, "goroutine ") { // below the panic that it is about
			h.exception, h.message = t.header.exception, t.header.message
		}
		t.outer = nil
		t.expect(h)
		return
	}
	if t.age++; t.age > headerAge {
		t.header = header{}
	}
}

func (t *tracer) expect(h header) { t.header, t.age = h, 0 }

// begin opens a stack with the header that waits.
func (t *tracer) begin(language Language) {
	t.close()
	t.stack = &Stack{
		Language: language, Link: t.header.link, Exception: strings.Clone(t.header.exception),
		Message: strings.Clone(t.header.message), Thread: strings.Clone(t.header.thread),
	}
	t.header = header{}
}

func (t *tracer) add(f Frame) {
	if t.stack == nil || t.stack.Language != f.Language {
		t.begin(f.Language)
	}
	s := t.stack
	switch {
	case f.Language == Python && len(s.Frames) == 2*MaxStackFrames: // the last are the innermost
		s.Frames = slices.Delete(s.Frames, 0, MaxStackFrames)
		t.dropped += MaxStackFrames
	case f.Language != Python && len(s.Frames) == MaxStackFrames:
		t.dropped++
		return
	}
	s.Frames = append(s.Frames, f.clone())
}

// close ends the open stack and keeps it, if there is room.
func (t *tracer) close() {
	s := t.stack
	if s == nil {
		return
	}
	t.stack = nil
	if s.Language == Python {
		slices.Reverse(s.Frames)
	}
	if len(t.trace.Stacks) == MaxTraceStacks {
		t.refused++
		return
	}
	room := min(MaxStackFrames, MaxTraceFrames-t.frames)
	if over := len(s.Frames) - room; over > 0 {
		t.dropped += over
		s.Frames = slices.Clip(s.Frames[:room])
	}
	t.frames += len(s.Frames)
	t.trace.Stacks = append(t.trace.Stacks, *s)
}

// clone lets go of the text that the frame was cut from.
func (f Frame) clone() Frame {
	for _, s := range [...]*string{&f.Package, &f.Class, &f.Method, &f.File} {
		*s = strings.Clone(strings.ToValidUTF8(*s, "\uFFFD"))
	}
	f.Text = strings.Clone(strings.ToValidUTF8(strings.TrimSpace(f.Text), "\uFFFD"))
	return f
}
