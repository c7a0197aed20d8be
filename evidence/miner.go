package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
)

// Bounds of what a miner keeps, whatever comes in.
const (
	maxShapes   = 10_000 // shapes that are told apart; beyond it the rarest are counted together
	maxServices = 32     // services that a shape names; the others are counted together
	maxExample  = 400    // bytes of an example's body
)

// otherServices stands for the services beyond maxServices.
const otherServices = "(others)"

// miner sorts log lines by their shape. Lines may come in any order: up to maxShapes different ones the result is the
// same. It is for one goroutine.
type miner struct {
	options  PatternOptions
	capacity int // shapes; maxShapes
	shapes   map[string]*lineGroup
	records  int64
	folded   int64 // records whose shape was given up for maxRest
}

// lineGroup is all lines of one shape.
type lineGroup struct {
	key        string
	pieces     []piece
	site       CodeRegion
	count      int64
	first      time.Time
	last       time.Time
	services   map[string]int64
	severities map[string]int64
	worst      logs.Severity
	examples   []logs.Record // the earliest, oldest first
	members    []string      // keys of the shapes that were joined; nil for a shape that is on its own
}

func newMiner(o PatternOptions) *miner {
	return &miner{options: o, capacity: maxShapes, shapes: map[string]*lineGroup{}}
}

// add counts a record under its shape, and gives the key of that.
func (m *miner) add(r logs.Record) string {
	body := ParseBody(cutBody(r.Body, m.options.MaxBody))
	if body.Site == (CodeRegion{}) {
		body.Site = attributeSite(r)
	}
	pieces := shapeOf(body.line(), m.options.MaxWords)
	key := m.count(&lineGroup{pieces: pieces, site: body.Site}, r, severityOf(r, body))
	if len(m.shapes) > m.capacity {
		m.compact()
	}
	return key
}

// count adds a record to the group of the same key as g, or to g itself where it is the first.
func (m *miner) count(g *lineGroup, r logs.Record, severity logs.Severity) string {
	m.records++
	g.key = g.identity()
	if known, ok := m.shapes[g.key]; ok {
		g = known
	} else {
		g.own()
		m.shapes[g.key] = g
	}
	g.count++
	g.worst = max(g.worst, severity)
	g.severities[severity.String()]++
	g.inService(r.Service, 1)
	g.seen(r.Time.UTC(), r.Time.UTC())
	g.example(r, severity, m.options.Examples)
	return g.key
}

// identity tells groups apart: by the text of the shape and by the place in the code.
func (g *lineGroup) identity() string {
	return textOf(g.pieces) + "\x00" + g.site.Symbol + "\x00" + g.site.File + "\x00" + regionLines(g.site)
}

// own makes the group independent of the text that it was read from, which may be large.
func (g *lineGroup) own() {
	for i := range g.pieces {
		g.pieces[i].text = strings.Clone(g.pieces[i].text)
	}
	g.site.Symbol, g.site.File = strings.Clone(g.site.Symbol), strings.Clone(g.site.File)
	g.services, g.severities = map[string]int64{}, map[string]int64{}
}

func (g *lineGroup) inService(name string, n int64) {
	if _, known := g.services[name]; !known && len(g.services) >= maxServices {
		name = otherServices
	}
	g.services[name] += n
}

func (g *lineGroup) seen(first, last time.Time) {
	if g.first.IsZero() || first.Before(g.first) {
		g.first = first
	}
	if last.After(g.last) {
		g.last = last
	}
}

// example keeps the record if it is among the earliest.
func (g *lineGroup) example(r logs.Record, severity logs.Severity, limit int) {
	if len(g.examples) == limit && (limit == 0 || compareRecords(r, g.examples[limit-1]) >= 0) {
		return
	}
	kept := logs.Record{
		Time: r.Time.UTC(), ID: r.ID, Service: r.Service, Severity: severity, SeverityText: r.SeverityText,
		Body: strings.Clone(cutBody(r.Body, maxExample)), TraceID: r.TraceID, SpanID: r.SpanID,
	}
	at, _ := slices.BinarySearchFunc(g.examples, kept, compareRecords)
	g.examples = slices.Insert(g.examples, at, kept)
	g.examples = g.examples[:min(len(g.examples), limit)]
}

// compareRecords orders records by time; those of one instant by what they are.
func compareRecords(a, b logs.Record) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.SpanID, b.SpanID), cmp.Compare(cutBody(a.Body, maxExample), cutBody(b.Body, maxExample)))
}

// keys are those of the shapes that the group was made of.
func (g *lineGroup) keys() []string {
	if g.members == nil {
		return []string{g.key}
	}
	return g.members
}

// absorb adds the lines of another group to these.
func (g *lineGroup) absorb(o *lineGroup, examples int) {
	g.count += o.count
	g.worst = max(g.worst, o.worst)
	g.seen(o.first, o.last)
	for _, name := range slices.Sorted(maps.Keys(o.services)) {
		g.inService(name, o.services[name])
	}
	for name, n := range o.severities {
		g.severities[name] += n
	}
	g.examples = append(g.examples, o.examples...)
	slices.SortStableFunc(g.examples, compareRecords)
	g.examples = g.examples[:min(len(g.examples), examples)]
}

// compact makes room: it merges what is alike, and counts the rest that is still too much under maxRest, the harmless
// and rare lines first.
func (m *miner) compact() {
	groups := m.merged()
	slices.SortFunc(groups, func(a, b *lineGroup) int {
		return cmp.Or(cmp.Compare(b.worst, a.worst), cmp.Compare(b.count, a.count), cmp.Compare(a.key, b.key))
	})
	keep := min(len(groups), m.capacity/2)
	rest := &lineGroup{pieces: []piece{{maskRest, true}}}
	rest.own()
	rest.key = rest.identity()
	for _, g := range groups[keep:] {
		if g.key != rest.key {
			m.folded += g.count
		}
		rest.absorb(g, m.options.Examples)
	}
	m.shapes = make(map[string]*lineGroup, keep+1)
	for _, g := range groups[:keep] {
		g.members = nil // it is a shape of its own from now on
		m.shapes[g.key] = g
	}
	if known, ok := m.shapes[rest.key]; ok {
		known.absorb(rest, m.options.Examples)
	} else if rest.count > 0 {
		m.shapes[rest.key] = rest
	}
}

// line is the body as one line to be shaped: the message, then the fields in the order of their keys.
func (b *Body) line() string {
	if len(b.Fields) == 0 {
		return b.Message
	}
	fields := slices.Clone(b.Fields)
	slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.Key, b.Key) })
	var line strings.Builder
	line.WriteString(b.Message)
	for _, f := range fields {
		line.WriteString(" " + f.Key + "=" + f.Value)
	}
	return line.String()
}

// severityOf is the record's severity, or the one that its text names.
func severityOf(r logs.Record, b Body) logs.Severity {
	if r.Severity != logs.SeverityUnset {
		return r.Severity
	}
	return cmp.Or(logs.ParseSeverity(r.SeverityText), b.Severity)
}

// attributeSite is the place in the code that the record's attributes name.
func attributeSite(r logs.Record) CodeRegion {
	if len(r.Attributes) == 0 {
		return CodeRegion{}
	}
	return fieldSite(func(key string) (string, bool) {
		switch v := r.Attributes[key].(type) {
		case string:
			return v, true
		case float64:
			return formatNumber(v), true
		}
		return "", false
	})
}

// cutBody is at most n bytes of a text, without half a character at its end.
func cutBody(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
