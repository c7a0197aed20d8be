package fkapi

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

// document is a JSON object that is taken apart field by field. What is not taken, or not of the kind expected, is left
// for Extras.
type document struct {
	name   string // of the object in its parent, for notes
	fields map[string]json.RawMessage
	notes  *[]string
	ours   bool // it may be our own encoding, which has extras and notes
}

var errNoObject = errors.New("not a JSON object")

func newDocument(raw json.RawMessage, name string, notes *[]string) (document, error) {
	d := document{name: name, notes: notes}
	if !utf8.Valid(raw) { // what is kept as it came must be fit to be sent on
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	if err := json.Unmarshal(raw, &d.fields); err != nil || d.fields == nil {
		return document{}, errNoObject
	}
	return d, nil
}

func (d document) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d.name != "" {
		text = d.name + "." + text
	}
	*d.notes = append(*d.notes, text)
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// find is the first of the names that is there and not null.
func (d document) find(names []string) (string, json.RawMessage, bool) {
	for _, name := range names {
		if raw, ok := d.fields[name]; ok && !isNull(raw) {
			return name, raw, true
		}
	}
	return "", nil, false
}

// scalar is the text of a JSON string, number or boolean; a number keeps its digits.
func scalar(raw json.RawMessage) (string, bool) {
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

// text takes the first of the names that is there. A list or an object stays where it is.
func (d document) text(names ...string) string {
	name, raw, ok := d.find(names)
	if !ok {
		return ""
	}
	text, ok := scalar(raw)
	if !ok {
		d.note("%s: not a text, kept in extras", name)
		return ""
	}
	delete(d.fields, name)
	return strings.TrimSpace(text)
}

// texts takes a list of texts; a single text is a list of one, in which commas separate.
func (d document) texts(names ...string) []string {
	name, raw, ok := d.find(names)
	if !ok {
		return nil
	}
	if text, single := scalar(raw); single {
		delete(d.fields, name)
		return splitList(text)
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		d.note("%s: not a list, kept in extras", name)
		return nil
	}
	var all []string
	for _, item := range items {
		if isNull(item) {
			continue
		}
		text, ok := scalar(item)
		if !ok {
			d.note("%s: not a list of texts, kept in extras", name)
			return nil
		}
		all = append(all, text)
	}
	delete(d.fields, name)
	return all
}

func splitList(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// flag takes a boolean; known is false where it is missing.
func (d document) flag(names ...string) (value, known bool) {
	name, raw, ok := d.find(names)
	if !ok {
		return false, false
	}
	text, _ := scalar(raw)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1", "yes", "t":
		value = true
	case "false", "0", "no", "f":
	default:
		d.note("%s: neither true nor false, kept in extras", name)
		return false, false
	}
	delete(d.fields, name)
	return value, true
}

// numeric reads a number that is measured, not one that identifies, and leaves it where it is.
func (d document) numeric(names []string) (name string, v float64, ok bool) {
	name, raw, ok := d.find(names)
	if !ok {
		return name, 0, false
	}
	text, _ := scalar(raw)
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || v != v || v > 1e300 || v < -1e300 {
		d.note("%s: not a number, kept in extras", name)
		return name, 0, false
	}
	return name, v, true
}

// count takes a whole number.
func (d document) count(names ...string) int {
	name, v, ok := d.numeric(names)
	if !ok {
		return 0
	}
	if v != math.Trunc(v) || v > 1<<53 || v < -(1<<53) {
		d.note("%s: not a whole number, kept in extras", name)
		return 0
	}
	delete(d.fields, name)
	return int(v)
}

// degrees takes a coordinate; nil where it is missing or lies outside of the globe.
func (d document) degrees(most float64, names ...string) *float64 {
	name, v, ok := d.numeric(names)
	if !ok {
		return nil
	}
	if v < -most || v > most {
		d.note("%s: not on the globe, kept in extras", name)
		return nil
	}
	delete(d.fields, name)
	return &v
}

// time takes an instant. One without a zone is read as UTC, and noted.
func (d document) time(names ...string) time.Time {
	name, raw, ok := d.find(names)
	if !ok {
		return time.Time{}
	}
	text, _ := scalar(raw)
	if strings.TrimSpace(text) == "" && raw[0] == '"' {
		delete(d.fields, name)
		return time.Time{}
	}
	at, zone, ok := parseTime(text)
	if !ok {
		d.note("%s: not a time that can be read, kept in extras", name)
		return time.Time{}
	}
	if !zone {
		d.note("%s: without a zone, read as UTC", name)
	}
	delete(d.fields, name)
	return at
}

// object takes an object.
func (d document) object(names ...string) (document, bool) {
	name, raw, ok := d.find(names)
	if !ok || raw[0] != '{' {
		return document{}, false
	}
	inner, err := newDocument(raw, d.child(name), d.notes)
	if err != nil {
		return document{}, false
	}
	inner.ours = d.ours
	delete(d.fields, name)
	return inner, true
}

// objects takes a list of objects; ok is false where there is no such list.
func (d document) objects(names ...string) (all []document, ok bool) {
	name, raw, found := d.find(names)
	if !found {
		return nil, false
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	for i, item := range items {
		inner, err := newDocument(item, fmt.Sprintf("%s[%d]", d.child(name), i), d.notes)
		if err != nil {
			return nil, false
		}
		inner.ours = d.ours
		all = append(all, inner)
	}
	delete(d.fields, name)
	return all, true
}

func (d document) child(name string) string {
	if d.name == "" {
		return name
	}
	return d.name + "." + name
}

// extras is what nobody took, without nulls; nil if there is nothing.
func (d document) extras() map[string]json.RawMessage {
	var rest map[string]json.RawMessage
	for name, raw := range d.fields {
		if isNull(raw) {
			continue
		}
		if rest == nil {
			rest = map[string]json.RawMessage{}
		}
		rest[name] = raw
	}
	return rest
}

// unfold puts what an earlier encoding of ours kept as extras back among the fields, and returns its notes. A body of
// the service may have fields of these names that mean something else.
func (d document) unfold() (notes []string) {
	if !d.ours {
		return nil
	}
	if raw := d.fields["notes"]; !isNull(raw) && raw[0] == '[' {
		notes = d.texts("notes")
	}
	if kept, ok := d.object("extras"); ok {
		for name, raw := range kept.fields {
			if have := d.fields[name]; isNull(have) || string(have) == `""` {
				d.fields[name] = raw
			}
		}
	}
	return notes
}

// doubts are the notes of an object: those of an earlier encoding, which know more, or those that reading it made.
func (d document) doubts(kept []string) []string {
	if len(kept) > 0 {
		return kept
	}
	slices.Sort(*d.notes)
	return slices.Compact(*d.notes)
}

// readOwn is a document for an UnmarshalJSON.
func readOwn(data []byte) (document, error) {
	d, err := newDocument(data, "", new([]string))
	d.ours = true
	return d, err
}
