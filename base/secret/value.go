// Package secret holds credentials so that they cannot be printed by accident, finds them by reference, and keeps them
// fresh while a program runs.
//
// A [Value] is a field of a configuration: a literal or a reference such as file:///run/secrets/token. Its [Source] is
// asked for a [Snapshot], which has a version and an expiry and shows its text only through Reveal. A [Cache] around a
// source refreshes ahead of expiry and never hands out a version that was refused.
package secret

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Redacted is what every way of printing shows in place of a secret.
const Redacted = "[redacted]"

var (
	// ErrEmpty: the secret was found and holds nothing, or no secret is configured.
	ErrEmpty = errors.New("secret: empty")
	// ErrUnresolved: a reference cannot be turned into a source, or its source cannot be read.
	ErrUnresolved = errors.New("secret: unresolved")
	// ErrExpired: the last good value has expired and no newer one could be had.
	ErrExpired = errors.New("secret: expired")
	// ErrRefused: the only version to be had was refused by the server that it is for.
	ErrRefused = errors.New("secret: refused version")
	// ErrClosed: the cache was closed.
	ErrClosed = errors.New("secret: closed")
	// ErrNotEncodable: a secret was handed to an encoder that would lose the redaction.
	ErrNotEncodable = errors.New("secret: a secret cannot be encoded")
)

// content hides the text in a closure behind a pointer: even a printer that walks unexported fields finds addresses.
type content struct {
	text      func() string
	reference bool
	source    Source
}

func hold(text string) *content { return &content{text: func() string { return text }} }

// Value is a secret as it stands in a configuration. It is a literal, a reference to be resolved at use, or a [Source].
// The zero value is no secret. Every way of printing or marshalling it shows [Redacted]; gob refuses it. Values are
// immutable and safe for concurrent use; compare them with Equal.
type Value struct{ c *content }

// Literal is the secret itself, even if it looks like a reference. The empty text is the zero Value.
func Literal(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{hold(text)}
}

// IsLiteral reports whether the value is the secret itself, so that its form can be checked where it is configured.
func (v Value) IsLiteral() bool { return v.c != nil && v.c.source == nil && !v.c.reference }

// IsStored reports whether the value is a reference or a source, whose store may name the user of the secret too: see
// [Snapshot.User].
func (v Value) IsStored() bool { return v.c != nil && (v.c.source != nil || v.c.reference) }

// From is a secret that a source supplies, at use. A nil source is the zero Value.
func From(source Source) Value {
	if source == nil {
		return Value{}
	}
	return Value{&content{source: source}}
}

// UnmarshalText reads a configured text: scheme://… is kept as a reference, anything else is a literal. The text
// [Redacted] is an error: somebody saved a configuration and lost the secret. Environment, JSON, YAML and flag loaders
// call it.
func (v *Value) UnmarshalText(text []byte) error {
	if string(text) == Redacted {
		return fmt.Errorf("%w: the text is %s, the print of a secret and not the secret", ErrUnresolved, Redacted)
	}
	*v = Literal(string(text))
	if v.c != nil && schemeOf(string(text)) != "" {
		v.c.reference = true
	}
	return nil
}

// IsZero reports whether there is no secret.
func (v Value) IsZero() bool { return v.c == nil }

// Reference is the text of a reference, such as file:///run/secrets/token; false for a literal or a source.
func (v Value) Reference() (string, bool) {
	if v.c == nil || !v.c.reference {
		return "", false
	}
	return v.c.text(), true
}

// Source gives the source of the secret: the given one, the resolved reference, or the literal as a static source. The
// zero Value is [ErrEmpty]. A nil Resolver knows file:// and env://.
func (v Value) Source(ctx context.Context, resolver Resolver) (Source, error) {
	switch {
	case v.c == nil:
		return nil, fmt.Errorf("%w: no secret is configured", ErrEmpty)
	case v.c.source != nil:
		return v.c.source, nil
	case v.c.reference:
		return resolver.Resolve(ctx, v.c.text())
	}
	return Static(v.c.text()), nil
}

// Equal reports whether two values are the same text, reference or source; texts are compared in constant time.
func (v Value) Equal(other Value) bool {
	a, b := v.c, other.c
	if a == b || a == nil || b == nil {
		return a == b
	}
	if a.text == nil || b.text == nil || a.reference != b.reference {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(a.text()), []byte(b.text())) == 1
}

// Format prints [Redacted] for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// String is [Redacted].
func (v Value) String() string { return Redacted }

// GoString is [Redacted].
func (v Value) GoString() string { return Redacted }

// LogValue is [Redacted].
func (v Value) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText is [Redacted].
func (v Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON is [Redacted] as a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalYAML is [Redacted].
func (v Value) MarshalYAML() (any, error) { return Redacted, nil }

// GobEncode always fails with [ErrNotEncodable].
func (v Value) GobEncode() ([]byte, error) { return nil, fmt.Errorf("%w: gob", ErrNotEncodable) }

// schemeOf is the scheme of a reference, or empty.
func schemeOf(text string) string {
	scheme, _, found := strings.Cut(text, "://")
	if !found || scheme == "" || scheme[0] < 'a' || scheme[0] > 'z' {
		return ""
	}
	for i := range len(scheme) {
		if c := scheme[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return ""
		}
	}
	return scheme
}
