package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// placeError is what is wrong with the JSON of an import, and where.
type placeError struct{ place, why string }

func (e *placeError) Error() string { return e.place + ": " + e.why }

// The shape of a code graph in JSON, as far as it is read.
type (
	classRow struct {
		Service string      `json:"service"`
		Path    string      `json:"path"`
		Class   string      `json:"class"`
		Methods []methodRow `json:"methods"`
		Logs    []logRow    `json:"logs"`
		Calls   []callRow   `json:"calls"`
	}
	methodRow struct {
		Name  string `json:"name"`
		Line  int64  `json:"line"`
		End   int64  `json:"end"`
		Route string `json:"route"`
	}
	logRow struct {
		Line     int64  `json:"line"`
		Level    string `json:"level"`
		Template string `json:"template"`
	}
	callRow struct {
		Line   int64  `json:"line"`
		Method string `json:"method"`
		To     string `json:"to"`
	}
	edgeRow struct {
		From  string `json:"from"`
		To    string `json:"to"`
		Sites int64  `json:"call_sites"`
	}
)

// readGraph reads a code graph and hands it over piece by piece.
func readGraph(r io.Reader, to *importer) error {
	read := &portion{Reader: r}
	d := &graphReader{json: json.NewDecoder(read), read: read, to: to}
	if err := d.open('{', "the beginning"); err != nil {
		return err
	}
	for d.json.More() {
		key, err := d.key()
		if err != nil {
			return err
		}
		if err := d.field(key); err != nil {
			return err
		}
	}
	if err := d.close("the end"); err != nil {
		return err
	}
	if _, err := d.token(); !errors.Is(err, io.EOF) {
		return d.wrong("behind the end", errors.New("there is more than one JSON value"))
	}
	return nil
}

type graphReader struct {
	json *json.Decoder
	read *portion
	to   *importer
}

const (
	maxPart    = 32 << 20 // bytes of a class, an edge or a text: the decoder holds it as a whole
	maxNesting = 10_000   // as the decoder has it where it reads a value as a whole
)

var (
	errLong = fmt.Errorf("it is longer than %d bytes", maxPart)
	errDeep = fmt.Errorf("it is nested deeper than %d", maxNesting)
)

// portion lets so many bytes pass until it is told anew.
type portion struct {
	io.Reader
	left int
}

// Read is the reader's, as far as bytes are left.
func (p *portion) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, errLong
	}
	n, err := p.Reader.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

func (d *graphReader) field(key string) error {
	switch key {
	case "repo":
		if d.to.result.Batches > 0 || d.to.weight > 0 {
			return d.wrong(key, errors.New("it stands behind what belongs to it; write it first"))
		}
		var repo string
		if err := d.value(key, &repo); err != nil {
			return err
		}
		if len(repo) > maxName {
			return &placeError{key, fmt.Sprintf("longer than %d bytes", maxName)}
		}
		d.to.repo, _, _ = strings.Cut(repo, " ") // owner/name, and perhaps a remark
		return nil
	case "services":
		return d.services()
	case "classes":
		return d.list(key, d.class)
	case "edges":
		return d.list(key, d.edge)
	}
	return d.skip(key)
}

func (d *graphReader) services() error {
	if err := d.open('{', "services"); err != nil {
		return err
	}
	for d.json.More() {
		name, err := d.key()
		if err != nil {
			return err
		}
		if err := named("services", name); err != nil {
			return err
		}
		if err := d.skip("services." + name); err != nil {
			return err
		}
		if err := d.to.add(&d.to.services, map[string]any{"name": name}, 1); err != nil {
			return err
		}
	}
	return d.close("services")
}

// list reads an array item by item.
func (d *graphReader) list(key string, item func(place string) error) error {
	if err := d.open('[', key); err != nil {
		return err
	}
	for i := 0; d.json.More(); i++ {
		if err := item(fmt.Sprintf("%s[%d]", key, i)); err != nil {
			return err
		}
	}
	return d.close(key)
}

const (
	maxMembers = 100_000   // methods, logs or calls of one class
	maxCalls   = 1_000_000 // between methods
)

func (d *graphReader) class(place string) error {
	var c classRow
	begin := d.json.InputOffset()
	if err := d.value(place, &c); err != nil {
		return err
	}
	if err := named(place+".class", c.Class); err != nil {
		return err
	}
	if len(c.Service) > maxName || len(c.Path) > maxName {
		return &placeError{place, fmt.Sprintf("its service or its path is longer than %d bytes", maxName)}
	}
	if len(c.Methods)+len(c.Logs)+len(c.Calls) > maxMembers {
		return &placeError{place, fmt.Sprintf("it has more than %d methods, logs and calls", maxMembers)}
	}
	row := map[string]any{"service": c.Service, "path": c.Path, "class": c.Class}
	var methods, logs, calls []map[string]any
	for i, m := range c.Methods {
		at := fmt.Sprintf("%s.methods[%d]", place, i)
		if err := errors.Join(named(at+".name", m.Name), numbered(at+".line", m.Line), numbered(at+".end", m.End)); err != nil {
			return firstOf(err)
		}
		one := map[string]any{"name": m.Name, "line": m.Line, "end": nil, "route": nil}
		if m.End > 0 {
			one["end"] = m.End
		}
		if m.Route != "" {
			one["route"] = m.Route
		}
		methods = append(methods, one)
	}
	for i, l := range c.Logs {
		if err := numbered(fmt.Sprintf("%s.logs[%d].line", place, i), l.Line); err != nil {
			return err
		}
		logs = append(logs, map[string]any{"line": l.Line, "level": l.Level, "template": l.Template})
	}
	for i, k := range c.Calls {
		at := fmt.Sprintf("%s.calls[%d]", place, i)
		if err := errors.Join(named(at+".method", k.Method), named(at+".to", k.To), numbered(at+".line", k.Line)); err != nil {
			return firstOf(err)
		}
		class, method, between := strings.Cut(k.To, "#")
		switch {
		case between && (class == "" || method == ""):
			return &placeError{at + ".to", "a class or a method is missing; write Class#method, or a service"}
		case !between:
			calls = append(calls, map[string]any{"line": k.Line, "method": k.Method, "to": k.To})
			continue
		}
		if len(d.to.methods) == maxCalls {
			return &placeError{at, fmt.Sprintf("more than %d calls between methods; import the graph in parts", maxCalls)}
		}
		d.to.methods = append(d.to.methods, map[string]any{
			"line": k.Line, "method": k.Method, "to_class": class, "to_method": method, "class": c.Class, "service": c.Service, "path": c.Path,
		})
	}
	row["methods"], row["logs"], row["calls"] = methods, logs, calls
	weight := 1 + len(methods) + len(logs) + len(calls) + int(d.json.InputOffset()-begin)/bytesOfRow
	return d.to.add(&d.to.classes, row, weight)
}

func (d *graphReader) edge(place string) error {
	var e edgeRow
	if err := d.value(place, &e); err != nil {
		return err
	}
	if err := errors.Join(named(place+".from", e.From), named(place+".to", e.To)); err != nil {
		return firstOf(err)
	}
	return d.to.add(&d.to.edges, map[string]any{"from": e.From, "to": e.To, "call_sites": e.Sites}, 1)
}

// named refuses what no symbol is called.
func named(place, name string) error {
	if name == "" || len(name) > maxName {
		return &placeError{place, fmt.Sprintf("missing, or longer than %d bytes", maxName)}
	}
	return nil
}

func numbered(place string, line int64) error {
	if line < 0 || line > math.MaxInt32 {
		return &placeError{place, fmt.Sprintf("%d is no line", line)}
	}
	return nil
}

// firstOf is the first of errors that were joined.
func firstOf(err error) error {
	p, _ := errors.AsType[*placeError](err)
	return p
}

// wrong says where the JSON cannot be read. A reader's own error is that of the caller.
func (d *graphReader) wrong(place string, err error) error {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	typed, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the JSON ends early")
	case syntax:
		err = errors.New("it is no JSON: " + err.Error())
	case mistyped:
		err = fmt.Errorf("%s is a %s", cmp.Or(typed.Field, "it"), typed.Value)
	}
	return &placeError{fmt.Sprintf("%s (at byte %d)", place, d.json.InputOffset()), err.Error()}
}

// token is the next one. Numbers and literals that are skipped are checked by the decoder alone.
func (d *graphReader) token() (json.Token, error) {
	d.read.left = maxPart
	return d.json.Token()
}

// skip reads over a value, however long it is.
func (d *graphReader) skip(place string) error {
	for depth := 0; ; {
		t, err := d.token()
		if err != nil {
			return d.wrong(place, err)
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		switch {
		case depth == 0:
			return nil
		case depth > maxNesting:
			return d.wrong(place, errDeep)
		}
	}
}

func (d *graphReader) open(delim json.Delim, place string) error {
	t, err := d.token()
	if err != nil {
		return d.wrong(place, err)
	}
	if t != delim {
		return d.wrong(place, fmt.Errorf("%s is expected", delim))
	}
	return nil
}

func (d *graphReader) close(place string) error {
	if _, err := d.token(); err != nil {
		return d.wrong(place, err)
	}
	return nil
}

func (d *graphReader) key() (string, error) {
	t, err := d.token()
	if err != nil {
		return "", d.wrong("a key", err)
	}
	key, _ := t.(string) // the decoder lets nothing else through here
	return key, nil
}

func (d *graphReader) value(place string, into any) error {
	d.read.left = maxPart
	if err := d.json.Decode(into); err != nil {
		return d.wrong(place, err)
	}
	return nil
}
