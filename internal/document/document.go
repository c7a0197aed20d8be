// Package document takes JSON of services that nobody can be sure of apart, field by field: a missing field is the same as null,
// an id keeps its digits whether it is a text or a number, and what is not known, or not of the kind expected, is kept as it came.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Document is a JSON object that is taken apart field by field. What is not taken, or not of the kind expected, is left
// for Extras.
type Document struct {
	Name   string // of the object in its parent, for notes
	Fields map[string]json.RawMessage
	Notes  *[]string
	ours   bool // it may be our own encoding, which has extras and notes
}

// ErrNoObject is a text that is no JSON object.
var ErrNoObject = errors.New("not a JSON object")

// New takes an object apart. name is that of the object in its parent, and notes is where doubts about it are written.
func New(raw json.RawMessage, name string, notes *[]string) (Document, error) {
	d := Document{Name: name, Notes: notes}
	if !utf8.Valid(raw) { // what is kept as it came must be fit to be sent on
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	if err := json.Unmarshal(raw, &d.Fields); err != nil || d.Fields == nil {
		return Document{}, ErrNoObject
	}
	return d, nil
}

// Note writes a doubt about the object.
func (d Document) Note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d.Name != "" {
		text = d.Name + "." + text
	}
	*d.Notes = append(*d.Notes, text)
}

// IsNull reports whether a field is missing or null.
func IsNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// Find is the first of the names that is there and not null.
func (d Document) Find(names []string) (string, json.RawMessage, bool) {
	for _, name := range names {
		if raw, ok := d.Fields[name]; ok && !IsNull(raw) {
			return name, raw, true
		}
	}
	return "", nil, false
}

// Scalar is the text of a JSON string, number or boolean; a number keeps its digits.
func Scalar(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err == nil
	case '{', '[':
		return "", false
	}
	return string(raw), true
}

// Text takes the first of the names that is there. A list or an object stays where it is.
func (d Document) Text(names ...string) string {
	name, raw, ok := d.Find(names)
	if !ok {
		return ""
	}
	text, ok := Scalar(raw)
	if !ok {
		d.Note("%s: not a text, kept in extras", name)
		return ""
	}
	delete(d.Fields, name)
	return strings.TrimSpace(text)
}

// Texts takes a list of texts; a single text is a list of one, in which commas separate.
func (d Document) Texts(names ...string) []string {
	name, raw, ok := d.Find(names)
	if !ok {
		return nil
	}
	if text, single := Scalar(raw); single {
		delete(d.Fields, name)
		return SplitList(text)
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		d.Note("%s: not a list, kept in extras", name)
		return nil
	}
	var all []string
	for _, item := range items {
		if IsNull(item) {
			continue
		}
		text, ok := Scalar(item)
		if !ok {
			d.Note("%s: not a list of texts, kept in extras", name)
			return nil
		}
		all = append(all, text)
	}
	delete(d.Fields, name)
	return all
}

// SplitList takes the parts between commas, without empty ones.
func SplitList(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// Flag takes a boolean; known is false where it is missing.
func (d Document) Flag(names ...string) (value, known bool) {
	name, raw, ok := d.Find(names)
	if !ok {
		return false, false
	}
	text, _ := Scalar(raw)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1", "yes", "t":
		value = true
	case "false", "0", "no", "f":
	default:
		d.Note("%s: neither true nor false, kept in extras", name)
		return false, false
	}
	delete(d.Fields, name)
	return value, true
}

// numeric reads a number that is measured, not one that identifies, and leaves it where it is.
func (d Document) numeric(names []string) (name string, v float64, ok bool) {
	name, raw, ok := d.Find(names)
	if !ok {
		return name, 0, false
	}
	text, _ := Scalar(raw)
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || v != v || v > 1e300 || v < -1e300 {
		d.Note("%s: not a number, kept in extras", name)
		return name, 0, false
	}
	return name, v, true
}

// Count takes a whole number.
func (d Document) Count(names ...string) int {
	name, v, ok := d.numeric(names)
	if !ok {
		return 0
	}
	if v != math.Trunc(v) || v > 1<<53 || v < -(1<<53) {
		d.Note("%s: not a whole number, kept in extras", name)
		return 0
	}
	delete(d.Fields, name)
	return int(v)
}

// Degrees takes a coordinate; nil where it is missing or lies outside of the globe.
func (d Document) Degrees(most float64, names ...string) *float64 {
	name, v, ok := d.numeric(names)
	if !ok {
		return nil
	}
	if v < -most || v > most {
		d.Note("%s: not on the globe, kept in extras", name)
		return nil
	}
	delete(d.Fields, name)
	return &v
}

// Time takes an instant. One without a zone is read as UTC, and noted.
func (d Document) Time(names ...string) time.Time {
	name, raw, ok := d.Find(names)
	if !ok {
		return time.Time{}
	}
	text, _ := Scalar(raw)
	if strings.TrimSpace(text) == "" && raw[0] == '"' {
		delete(d.Fields, name)
		return time.Time{}
	}
	at, zone, ok := ParseTime(text)
	if !ok {
		d.Note("%s: not a time that can be read, kept in extras", name)
		return time.Time{}
	}
	if !zone {
		d.Note("%s: without a zone, read as UTC", name)
	}
	delete(d.Fields, name)
	return at
}

// Object takes an object.
func (d Document) Object(names ...string) (Document, bool) {
	name, raw, ok := d.Find(names)
	if !ok || raw[0] != '{' {
		return Document{}, false
	}
	inner, err := New(raw, d.child(name), d.Notes)
	if err != nil {
		return Document{}, false
	}
	inner.ours = d.ours
	delete(d.Fields, name)
	return inner, true
}

// Objects takes a list of objects; ok is false where there is no such list.
func (d Document) Objects(names ...string) (all []Document, ok bool) {
	name, raw, found := d.Find(names)
	if !found {
		return nil, false
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	for i, item := range items {
		inner, err := New(item, fmt.Sprintf("%s[%d]", d.child(name), i), d.Notes)
		if err != nil {
			return nil, false
		}
		inner.ours = d.ours
		all = append(all, inner)
	}
	delete(d.Fields, name)
	return all, true
}

func (d Document) child(name string) string {
	if d.Name == "" {
		return name
	}
	return d.Name + "." + name
}

// Extras is what nobody took, without nulls; nil if there is nothing.
func (d Document) Extras() map[string]json.RawMessage {
	var rest map[string]json.RawMessage
	for name, raw := range d.Fields {
		if IsNull(raw) {
			continue
		}
		if rest == nil {
			rest = map[string]json.RawMessage{}
		}
		rest[name] = raw
	}
	return rest
}

// Unfold puts what an earlier encoding of ours kept as extras back among the fields, and returns its notes. A body of
// the service may have fields of these names that mean something else.
func (d Document) Unfold() (notes []string) {
	if !d.ours {
		return nil
	}
	if raw := d.Fields["notes"]; !IsNull(raw) && raw[0] == '[' {
		notes = d.Texts("notes")
	}
	if kept, ok := d.Object("extras"); ok {
		for name, raw := range kept.Fields {
			if have := d.Fields[name]; IsNull(have) || string(have) == `""` {
				d.Fields[name] = raw
			}
		}
	}
	return notes
}

// Doubts are the notes of an object: those of an earlier encoding, which know more, or those that reading it made.
func (d Document) Doubts(kept []string) []string {
	if len(kept) > 0 {
		return kept
	}
	slices.Sort(*d.Notes)
	return slices.Compact(*d.Notes)
}

// Own is a Document for an UnmarshalJSON.
func Own(data []byte) (Document, error) {
	d, err := New(data, "", new([]string))
	d.ours = true
	return d, err
}
