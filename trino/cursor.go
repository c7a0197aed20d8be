package trino

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
)

// position is the place of a row in a list by time: its instant and its id.
type position struct {
	nanos int64
	id    string
}

// A cursor is, in the URL-safe base64: version, kind of list, the first eight bytes of a hash over the question, the
// last row's nanoseconds, its id, and four bytes of a hash over all of that, so that a cut or edited cursor is refused
// instead of skipping rows.
const (
	cursorVersion  = 1
	cursorHead     = 1 + 1 + 8 + 8
	cursorChecksum = 4
	maxCursor      = 4096
)

// cursorKind is the list that a cursor belongs to.
type cursorKind byte

const (
	cursorLogs      cursorKind = 'l'
	cursorCallbacks cursorKind = 'c'
)

// binding is a short hash of a question in its JSON form.
func binding(question any) string {
	text, _ := json.Marshal(question) // the questions are plain data
	sum := sha256.Sum256(text)
	return string(sum[:8])
}

func utc(w base.Window) base.Window { return base.Window{From: w.From.UTC(), To: w.To.UTC()} }

// encodeCursor is empty when there is no position.
func encodeCursor(kind cursorKind, bound string, at *position) string {
	if at == nil || kind == 0 {
		return ""
	}
	raw := append([]byte{cursorVersion, byte(kind)}, bound...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(at.nanos))
	raw = append(raw, at.id...)
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(append(raw, sum[:cursorChecksum]...))
}

// decodeCursor refuses what encodeCursor did not make for this list and this question.
func decodeCursor(kind cursorKind, bound, cursor string) (position, error) {
	if len(cursor) > maxCursor {
		return position{}, errors.New("cursor: too long to be one of this client")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < cursorHead+cursorChecksum || strings.ContainsAny(cursor, "\r\n") {
		return position{}, errors.New("cursor: not one of this client; pass the cursor of the last page unchanged")
	}
	raw, sum := raw[:len(raw)-cursorChecksum], raw[len(raw)-cursorChecksum:]
	want := sha256.Sum256(raw)
	switch {
	case raw[0] != cursorVersion:
		return position{}, errors.New("cursor: made by another version of this client; begin with the first page")
	case string(sum) != string(want[:cursorChecksum]):
		return position{}, errors.New("cursor: damaged; pass the cursor of the last page unchanged")
	case cursorKind(raw[1]) != kind:
		return position{}, errors.New("cursor: belongs to another list")
	case string(raw[2:10]) != bound:
		return position{}, errors.New("cursor: belongs to another question; a cursor goes on with the same query and window")
	}
	return position{nanos: int64(binary.BigEndian.Uint64(raw[10:18])), id: strings.ToValidUTF8(string(raw[18:]), "")}, nil
}
