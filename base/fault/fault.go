package fault

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Fault is one named failure. It is a value: copy it freely, and do not write to its Header after handing it to a
// fake. The zero value does nothing.
type Fault struct {
	Kind    Kind
	Stage   Stage         // when it strikes; Refuse and WrongPassword strike on connect
	Code    int           // KindStatus: the HTTP status; KindError: the source's own code
	Message string        // KindStatus: the body; KindError: the text of the error
	Header  http.Header   // KindStatus: headers of the answer; nil for none
	After   int           // KindError: rows, blocks or events (the fake says which) handed out first
	Bytes   int64         // KindCut: bytes of the answer sent; KindSlow: bytes per tick
	Delay   time.Duration // KindDelay: how late; KindSlow: the length of a tick
}

// Refuse resets each connection as soon as it is accepted. A port on which nobody listens at all is the address of a
// fake that was closed.
func Refuse() Fault { return Fault{Kind: KindRefuse, Stage: OnConnect} }

// Silent reads the request and never answers; the connection stays open until the client or the fake closes it.
func Silent() Fault { return Fault{Kind: KindSilent} }

// Reset reads the request and resets the connection (RST) before a byte of the answer.
func Reset() Fault { return Fault{Kind: KindReset} }

// Cut sends the first n bytes of the answer, then closes the connection. A negative n counts as zero.
func Cut(n int64) Fault { return Fault{Kind: KindCut, Bytes: max(n, 0)} }

// CutMidBody closes the connection in the middle of the first data of the answer.
func CutMidBody() Fault { return Fault{Kind: KindCutMidBody} }

// ResetMidBody resets the connection in the middle of the first data of the answer.
func ResetMidBody() Fault { return Fault{Kind: KindResetMidBody} }

// Delay answers rightly, d later.
func Delay(d time.Duration) Fault { return Fault{Kind: KindDelay, Delay: d} }

// Slow sends the answer in pieces of so many bytes, one per tick. Bytes below one count as one; a tick of zero or
// less counts as a second.
func Slow(bytes int64, tick time.Duration) Fault {
	if tick <= 0 {
		tick = time.Second
	}
	return Fault{Kind: KindSlow, Bytes: max(bytes, 1), Delay: tick}
}

// Garbage answers with bytes that belong to no protocol, then closes the connection.
func Garbage() Fault { return Fault{Kind: KindGarbage} }

// HostileLength announces 2 GiB and sends none of it.
func HostileLength() Fault { return Fault{Kind: KindHostileLength} }

// Oversized sends data without end, until the client goes away.
func Oversized() Fault { return Fault{Kind: KindOversized} }

// CorruptCompression sends compressed data in which a byte is flipped.
func CorruptCompression() Fault { return Fault{Kind: KindCorruptCompression} }

// Bomb sends a small compressed body that decodes to a huge one.
func Bomb() Fault { return Fault{Kind: KindBomb} }

// MalformedBlock sends an answer that is framed well and cannot be decoded.
func MalformedBlock() Fault { return Fault{Kind: KindMalformedBlock} }

// Status answers with an HTTP status and headers given as name, value, name, value; a name without a value is left
// out.
func Status(code int, header ...string) Fault {
	f := Fault{Kind: KindStatus, Code: code}
	for i := 0; i+1 < len(header); i += 2 {
		if f.Header == nil {
			f.Header = http.Header{}
		}
		f.Header.Add(header[i], header[i+1])
	}
	return f
}

// RetryAfter answers 429 with a Retry-After header of exactly this text, which need not be a valid one. A fake of a
// protocol without headers treats it as its own "too many requests".
func RetryAfter(value string) Fault {
	return Status(http.StatusTooManyRequests, "Retry-After", value)
}

// Error answers with an error in the source's own form: a ClickHouse exception, a SQLSTATE, an error object in JSON.
func Error(code int, message string) Fault {
	return Fault{Kind: KindError, Code: code, Message: message}
}

// ErrorAfter is Error after so many rows, blocks or events of a good answer.
func ErrorAfter(n, code int, message string) Fault {
	return Fault{Kind: KindError, Code: code, Message: message, After: max(n, 0)}
}

// WrongPassword refuses the credentials, however right they are.
func WrongPassword() Fault { return Fault{Kind: KindWrongPassword, Stage: OnConnect} }

// IgnoreCancel does not answer, and does not stop when it is asked to: only a closed connection ends it.
func IgnoreCancel() Fault { return Fault{Kind: KindIgnoreCancel} }

// OnConnect is the same fault, striking when a connection is accepted instead of when a request has been read.
func (f Fault) OnConnect() Fault {
	f.Stage = OnConnect
	return f
}

// WithMessage is the same fault with another text or body.
func (f Fault) WithMessage(message string) Fault {
	f.Message = message
	return f
}

// String is the fault in words, for the name of a test: "error 241", "cut after 12 bytes", "silent on connect".
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Kind.String())
	switch f.Kind {
	case KindCut:
		fmt.Fprintf(&b, " after %d bytes", f.Bytes)
	case KindDelay:
		fmt.Fprintf(&b, " of %v", f.Delay)
	case KindSlow:
		fmt.Fprintf(&b, " by %d bytes per %v", f.Bytes, f.Delay)
	case KindStatus, KindError:
		fmt.Fprintf(&b, " %d", f.Code)
		if f.After > 0 {
			fmt.Fprintf(&b, " after %d", f.After)
		}
	}
	if f.Stage == OnConnect && f.Kind != KindRefuse && f.Kind != KindWrongPassword {
		b.WriteString(" on connect")
	}
	return b.String()
}
