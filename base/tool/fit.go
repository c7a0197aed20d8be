package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
)

const (
	longText  = 1 << 10 // below it a text is not cut
	fitRounds = 64      // more cuts than an answer of any form needs
)

// Fit makes the JSON answer of a tool at most so many bytes long. What it leaves out is said in the answer itself: a list is
// cut only where an object around it has an outcome, which becomes truncated, loses its cursor, for that names the place after
// what was cut, and gets a note; a text that was cut ends with how much is missing. cut reports whether anything was left out.
// An answer that cannot be cut so far is an ErrTooLarge.
func Fit(answer json.RawMessage, most int) (fitted json.RawMessage, cut bool, err error) {
	if len(answer) <= most {
		return answer, false, nil
	}
	whole := len(answer)
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return nil, false, base.NewError(base.KindProtocol, err).WithText("the answer is not JSON")
	}
	for range fitRounds {
		if answer, err = encode(root); err != nil || len(answer) <= most {
			return answer, true, err
		}
		f := fitting{most: most}
		f.look(root, nil, func(v any) { root = v })
		if !f.cut(len(answer) - most) {
			break
		}
	}
	e := base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf("the answer has %d bytes, more than the %d that one may have", whole, most))
	e.Sent = base.Answered
	e.SetHint(base.HintOf("ask for less: a narrower window, fewer fields, one part of it"))
	return nil, false, e
}

func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// fitting looks for the largest thing of an answer that can be cut.
type fitting struct {
	most int
	size int // of the best so far
	list []any
	text string
	set  func(any)        // puts another value in its place
	says []map[string]any // the objects around it that have an outcome, the nearest last
}

// look goes through a value and gives its length in JSON, about.
func (f *fitting) look(v any, says []map[string]any, set func(any)) int {
	size := 2
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["outcome"].(string); ok {
			says = append(slices.Clip(says), v)
		}
		for key, value := range v {
			if text, ok := value.(string); ok && key == "cursor" { // a part of one leads nowhere
				size += len(key) + len(text) + 4
				continue
			}
			size += len(key) + 4 + f.look(value, says, func(v2 any) { v[key] = v2 })
		}
	case []any:
		for i, value := range v {
			size += 1 + f.look(value, says, func(v2 any) { v[i] = v2 })
		}
		if len(v) > 1 && len(says) > 0 && size > f.size {
			*f = fitting{most: f.most, size: size, list: v, set: set, says: says}
		}
	case string:
		text, _ := encode(v) // a string has a JSON form
		if size = len(text); size > longText && size > f.size {
			*f = fitting{most: f.most, size: size, text: v, set: set, says: says}
		}
	case json.Number:
		size = len(v)
	}
	return size
}

// cut takes at least so many bytes off what was found, as far as there are; false = there is nothing left to cut.
func (f *fitting) cut(excess int) bool {
	switch {
	case f.list != nil:
		f.cutList(excess)
	case f.text != "":
		f.cutText(excess)
	default:
		return false
	}
	return true
}

// cutList leaves at least one entry.
func (f *fitting) cutList(excess int) {
	n := len(f.list)
	for gone := -256; n > 1 && gone < excess; n-- { // room for the note
		entry, _ := encode(f.list[n-1]) // it was JSON
		gone += len(entry) + 1
	}
	f.set(f.list[:n])
	note := fmt.Sprintf("%d of %d entries are here: an answer may have %d bytes; ask again with a limit of %d, and go on from there", n, len(f.list), f.most, n)
	for i, around := range f.says {
		around["outcome"] = base.Truncated.String()
		delete(around, "cursor")
		if _, pages := around["more"].(bool); pages {
			around["more"] = true
		}
		if i == len(f.says)-1 {
			noteIn(around, note)
		}
	}
}

// noteIn puts the note to those of the stats.
func noteIn(around map[string]any, note string) {
	stats, ok := around["stats"].(map[string]any)
	if !ok {
		if _, ok := around["items"]; !ok { // not a page, which has stats even where they are left out
			return
		}
		stats = map[string]any{}
		around["stats"] = stats
	}
	notes, _ := stats["notes"].([]any)
	stats["notes"] = append(notes, note)
}

func (f *fitting) cutText(excess int) {
	keep := max(len(f.text)-excess-256, longText/4, 0)
	for keep > 0 && !utf8.RuneStart(f.text[keep]) {
		keep--
	}
	f.set(fmt.Sprintf("%s… [cut: %d more bytes]", f.text[:keep], len(f.text)-keep))
}
