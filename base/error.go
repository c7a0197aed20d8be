package base

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Sent says how far a request got. It decides whether a write may be repeated.
type Sent uint8

// A request was not sent, may have been sent, or was answered by the source.
const (
	MaybeSent Sent = iota // the cautious default
	NotSent
	Answered
)

// String is the state in words.
func (s Sent) String() string {
	switch s {
	case NotSent:
		return "not sent"
	case Answered:
		return "answered"
	}
	return "maybe sent"
}

// MarshalText writes the state in words.
func (s Sent) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Error is what every call of every source returns when it fails. It must not be changed after it was returned: some
// are shared between calls.
//
// errors.Is finds the sentinel of its Kind, of the reason it was not retried, ErrLocal, the driver's error and the
// cause of the context's end; errors.As finds the driver's error. Its text, in every verb, holds no secret.
type Error struct {
	Kind       Kind
	Source     string        // name of the client
	Op         string        // its method
	Code       string        // the source's own: SQLSTATE, ClickHouse number, HTTP status
	Sent       Sent          // how far the last attempt got
	RetryAfter time.Duration // what the source asked to wait; zero = nothing
	Attempts   int           // attempts that left the process
	Elapsed    time.Duration // of the whole call, waits included
	QueryID    string
	RequestID  string
	Hint       string // what a caller, a person or a model, may change; set by SetHint where the words are constant

	// Stopped says why a failure that could be retried was not: the Kind of what stood in the way, a local one.
	Stopped Kind

	own   Hint   // as SetHint set it
	final bool   // no attempt follows, whatever the kind
	text  string // message of the driver's error, redacted
	err   error  // the driver's error
	ctx   error  // cause of the context's end
}

// NewError makes an error of the kind for a classifier or a source to fill in. err may be nil.
func NewError(kind Kind, err error) *Error { return &Error{Kind: kind, err: err} }

// WithText replaces the message that the error prints for its cause; the cause stays in the tree. It is for causes
// whose own text may hold a secret.
func (e *Error) WithText(text string) *Error {
	e.text = text
	return e
}

// WithoutRetry has the guard make no further attempt after this error, whatever its Kind: for a failure that the same
// request would only meet again, such as that of a statement of which rows were handed out. To the breaker it is what
// its Kind says.
func (e *Error) WithoutRetry() *Error {
	e.final = true
	return e
}

// Invalid is the error of a request that is wrong before it is sent. The text names the field and what to change.
func Invalid(source, op, format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Source: source, Op: op, Sent: NotSent, text: clean(fmt.Sprintf(format, args...))}
}

// Error is one line: source, method, kind, code, the source's message and what to change.
func (e *Error) Error() string {
	var b strings.Builder
	for _, part := range []string{e.Source, e.Op} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	b.WriteString(e.Kind.String())
	if e.Code != "" {
		b.WriteString(" (" + e.Code + ")")
	}
	if e.text != "" {
		b.WriteString(": " + e.text)
	}
	if e.Attempts > 1 {
		b.WriteString("; after " + strconv.Itoa(e.Attempts) + " attempts in " + e.Elapsed.Round(time.Millisecond).String())
	}
	if e.Stopped != KindUnknown {
		b.WriteString("; not retried: " + e.Stopped.String())
	}
	if e.RetryAfter > 0 {
		b.WriteString("; retry after " + e.RetryAfter.Round(time.Millisecond).String())
	}
	if e.QueryID != "" {
		b.WriteString("; query " + e.QueryID)
	}
	if e.Hint != "" {
		b.WriteString("; hint: " + e.Hint)
	}
	return b.String()
}

// Format prints the same line for every verb, so that no verb walks into the driver's error.
func (e *Error) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = io.WriteString(f, strconv.Quote(e.Error()))
		return
	}
	_, _ = io.WriteString(f, e.Error())
}

// Unwrap gives both the driver's error and the cause of the context's end.
func (e *Error) Unwrap() []error {
	switch {
	case e.err == nil && e.ctx == nil:
		return nil
	case e.ctx == nil:
		return []error{e.err}
	case e.err == nil:
		return []error{e.ctx}
	}
	return []error{e.err, e.ctx}
}

// Is matches the sentinels of this package.
func (e *Error) Is(target error) bool {
	if s, ok := target.(sentinel); ok {
		return Kind(s) == e.Kind || (e.Stopped != KindUnknown && Kind(s) == e.Stopped)
	}
	return target == ErrLocal && e.Kind.Local()
}

// fields is the public view of the error, in order, without what is not set.
func (e *Error) fields() []slog.Attr {
	all := []slog.Attr{slog.String("kind", e.Kind.String()), slog.String("sent", e.Sent.String())}
	for _, text := range []struct{ key, value string }{
		{"source", e.Source},
		{"op", e.Op},
		{"code", e.Code},
		{"message", e.text},
		{"query_id", e.QueryID},
		{"request_id", e.RequestID},
		{"hint", e.Hint},
	} {
		if text.value != "" {
			all = append(all, slog.String(text.key, text.value))
		}
	}
	if e.Stopped != KindUnknown {
		all = append(all, slog.String("stopped", e.Stopped.String()))
	}
	if e.RetryAfter > 0 {
		all = append(all, slog.Duration("retry_after", e.RetryAfter))
	}
	return append(all, slog.Int("attempts", e.Attempts), slog.Duration("elapsed", e.Elapsed))
}

// LogValue groups the fields of the error for slog.
func (e *Error) LogValue() slog.Value { return slog.GroupValue(e.fields()...) }

// MarshalJSON writes the fields of the error; durations are seconds.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	for _, a := range e.fields() {
		switch v := a.Value; v.Kind() {
		case slog.KindDuration:
			out[a.Key+"_s"] = v.Duration().Seconds()
		default:
			out[a.Key] = v.Any()
		}
	}
	return json.Marshal(out)
}

// maxText bounds the message that an error carries from its source.
const maxText = 600

// clean makes text from outside fit for one line of a log: no control characters, bounded length, valid UTF-8.
func clean(text string) string { return shortened(plain(text)) }

// plain is the text on one line, without what a terminal or a viewer would obey.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func shortened(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for !isBoundary(text, cut) {
		cut--
	}
	return text[:cut] + "…"
}

func isBoundary(s string, i int) bool { return i == 0 || s[i]&0xC0 != 0x80 }
