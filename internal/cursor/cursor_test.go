package cursor_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fourkites/sources/internal/cursor"
)

const (
	rows  cursor.Kind = 'r'
	spans cursor.Kind = 's'
)

func TestACursorComesBackAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	bound, other := cursor.Binding("a question"), cursor.Binding("another")
	at := cursor.Position{Nanos: -7, ID: "id7"}
	good := rows.EncodePosition(bound, &at)
	if got, err := rows.DecodePosition(bound, good, len(good)); err != nil || got != at {
		t.Fatal(got, err)
	}
	for name, try := range map[string]struct {
		kind        cursor.Kind
		bound, text string
		want        string
	}{
		"of another question": {rows, other, good, "another question"},
		"of another list":     {spans, bound, good, "another list"},
		"changed":             {rows, bound, good[:len(good)-2] + "AA", "damaged"},
		"of another version":  {rows, bound, "Ag" + good[2:], "another version"},
		"with a line break":   {rows, bound, good + "\n", "unchanged"},
		"cut":                 {rows, bound, good[:12], "not one of"},
		"too long":            {rows, bound, strings.Repeat("A", 101), "too long"},
		"without a place":     {rows, bound, rows.Encode(bound, []byte("1234567")), "not one of"},
	} {
		got, err := try.kind.DecodePosition(try.bound, try.text, 100)
		if err == nil || !strings.HasPrefix(err.Error(), "cursor: ") || !strings.Contains(err.Error(), try.want) || got != (cursor.Position{}) {
			t.Errorf("a cursor %s: %v, %v", name, got, err)
		}
	}
}

func TestAListWithoutAPlaceHasNoCursor(t *testing.T) {
	t.Parallel()
	if text := rows.EncodePosition("12345678", nil); text != "" {
		t.Errorf("no position: %q", text)
	}
	if text := cursor.Kind(0).EncodePosition("12345678", &cursor.Position{}); text != "" {
		t.Errorf("a list without pages: %q", text)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(rows.EncodePosition("12345678", &cursor.Position{Nanos: 1, ID: "id"}))
	f.Fuzz(func(t *testing.T, text string) {
		at, err := rows.DecodePosition("12345678", text, 4096)
		if !utf8.ValidString(at.ID) {
			t.Errorf("%q gives a broken id", text)
		}
		place, placeErr := rows.Decode("12345678", text, 4096)
		if placeErr == nil && rows.Encode("12345678", place) != text || err == nil && placeErr != nil {
			t.Errorf("%q is read as another cursor", text)
		}
	})
}
