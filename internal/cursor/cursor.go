// Package cursor writes the place where a list goes on as a text that its caller hands back, and refuses every text that
// was not made for the same list and the same question.
package cursor

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
)

// A cursor is, in the URL-safe base64: version, kind of list, the first eight bytes of a hash over the question, the
// place, and four bytes of a hash over all of that, so that a cut or edited cursor is refused instead of skipping rows.
const (
	version  = 1
	binding  = 8
	head     = 1 + 1 + binding
	checksum = 4
	instant  = 8
)

// ErrForeign is a text that no list of this client has made.
var ErrForeign = errors.New("cursor: not one of this client; pass the cursor of the last page unchanged")

// ErrDamaged is a cursor of this client that was changed.
var ErrDamaged = errors.New("cursor: damaged; pass the cursor of the last page unchanged")

// Binding is a short hash of a question in its JSON form. What may differ from page to page, such as the limit, is left
// out by the caller, and times are written in one zone.
func Binding(question any) string {
	text, _ := json.Marshal(question) // the questions are plain data
	sum := sha256.Sum256(text)
	return string(sum[:binding])
}

// Kind is the list that a cursor belongs to, a letter that no other list of the source has.
type Kind byte

// Encode writes a place of the list, for the question of this Binding.
func (k Kind) Encode(bound string, place []byte) string {
	raw := append([]byte{version, byte(k)}, bound...)
	raw = append(raw, place...)
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(append(raw, sum[:checksum]...))
}

// Decode gives the place back that Encode wrote for this list and this question. The checksum is no proof, for anybody
// can make it: the caller checks what the place says. A text of more than longest bytes is not even decoded.
func (k Kind) Decode(bound, text string, longest int) (place []byte, err error) {
	if len(text) > longest {
		return nil, errors.New("cursor: too long to be one of this client")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < head+checksum || strings.ContainsAny(text, "\r\n") {
		return nil, ErrForeign
	}
	raw, sum := raw[:len(raw)-checksum], raw[len(raw)-checksum:]
	want := sha256.Sum256(raw)
	switch {
	case raw[0] != version:
		return nil, errors.New("cursor: made by another version of this client; begin with the first page")
	case string(sum) != string(want[:checksum]):
		return nil, ErrDamaged
	case Kind(raw[1]) != k:
		return nil, errors.New("cursor: belongs to another list")
	case string(raw[2:head]) != bound:
		return nil, errors.New("cursor: belongs to another question; a cursor goes on with the same query and window")
	}
	return raw[head:], nil
}

// Position is the place of a row in a list by time: its instant, in nanoseconds since 1970, and its id, which tells rows
// of one instant apart.
type Position struct {
	Nanos int64
	ID    string
}

// EncodePosition is Encode for a position; empty when there is none, and for the zero Kind, a list without pages.
func (k Kind) EncodePosition(bound string, at *Position) string {
	if at == nil || k == 0 {
		return ""
	}
	return k.Encode(bound, append(binary.BigEndian.AppendUint64(nil, uint64(at.Nanos)), at.ID...))
}

// DecodePosition is Decode for a position. An id holds no broken characters.
func (k Kind) DecodePosition(bound, text string, longest int) (Position, error) {
	place, err := k.Decode(bound, text, longest)
	if err != nil {
		return Position{}, err
	}
	if len(place) < instant {
		return Position{}, ErrForeign
	}
	at := int64(binary.BigEndian.Uint64(place)) //nolint:gosec // as encoded
	return Position{at, strings.ToValidUTF8(string(place[instant:]), "")}, nil
}
