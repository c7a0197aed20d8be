package secret

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrMalformed: the secret was found and cannot be one as it stands, so it was not used. It is an [ErrUnresolved] too.
var ErrMalformed = errors.New("secret: malformed")

// maxStored bounds what a store hands out; the stores' own bounds are lower.
const maxStored = 1 << 20

// Stored is the snapshot of a text that somebody wrote into a store, with the arguments of [NewSnapshot], if the text can be
// a secret. Nothing, or nothing but line breaks, is [ErrEmpty]. [ErrMalformed] is a single line with a line break at its end,
// which an editor or echo left there and no server would accept, a NUL, text that is not UTF-8, or more than 1 MiB. Several
// lines, such as those of a PEM file, pass as they are. Its errors name what is wrong and never the text; the caller adds
// the reference.
func Stored(text, version string, expires time.Time) (Snapshot, error) {
	line := strings.TrimRight(text, "\r\n")
	switch {
	case line == "":
		return Snapshot{}, fmt.Errorf("%w: nothing is stored", ErrEmpty)
	case len(text) > maxStored:
		return Snapshot{}, malformed("larger than 1 MiB")
	case !utf8.ValidString(text):
		return Snapshot{}, malformed("not text in UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		return Snapshot{}, malformed("it holds a NUL")
	case line != text && !strings.ContainsAny(line, "\r\n"):
		return Snapshot{}, malformed("stored with a trailing line break; store it without one, for example by printf %s instead of echo")
	}
	return NewSnapshot(text, version, expires), nil
}

// malformed says what is wrong with a text, in words of the program.
type malformed string

// Error says what is wrong.
func (e malformed) Error() string { return ErrMalformed.Error() + ": " + string(e) }

// Unwrap gives both sentinels: a source that asks whether there is a credential at all knows the second.
func (e malformed) Unwrap() []error { return []error{ErrMalformed, ErrUnresolved} }
