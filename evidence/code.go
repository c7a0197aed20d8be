package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// CodePlace is what a code graph knows of a place in the code that a cause names.
type CodePlace struct {
	Region CodeRegion  `json:"region"` // one of Cause.Code
	Symbol code.Symbol `json:"symbol"` // the narrowest that covers it, as a rule a method, with its service
	// Callers call the symbol, or its service where the graph knows no caller of the symbol, as with an entry point: At
	// says which. They are at most ten.
	Callers  []code.Symbol `json:"callers"`
	Called   string        `json:"called,omitempty"` // the symbol or the service that the callers call; empty = none is known
	More     bool          `json:"more,omitempty"`   // there are more callers
	Evidence []string      `json:"evidence"`         // ids of Items
}

const (
	maxCallers  = 10
	maxCovering = 20               // symbols that are looked at for one place
	codeTime    = 15 * time.Second // for all places of a report: what a cause is does not depend on them
)

// codeRole is the name of the row that says that there is no code graph.
const codeRole = "code"

// withoutCode is what stays unseen without a code graph.
const withoutCode = "the method that a place in the code belongs to, what calls it, and its service"

// locate asks the code graph about the places that the causes name, side by side, and adds what it knows. A graph that
// is missing where there is such a place is noted; that it is missing, or fails, changes nothing else.
func (q *inquiry) locate(ctx context.Context, graph code.Source, causes []Cause) {
	named := slices.ContainsFunc(causes, func(c Cause) bool { return len(c.Code) > 0 })
	switch {
	case graph == nil && named:
		q.lack(codeRole, withoutCode)
	case graph != nil && !named:
		q.skip(graph.Name(), "no cause names a place in the code")
	}
	if graph == nil || !named {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, codeTime)
	defer cancel()
	found := make([][]*CodePlace, len(causes))
	for i, cause := range causes {
		found[i] = make([]*CodePlace, len(cause.Code))
		for j, region := range cause.Code {
			q.start(ctx, graph.Name(), "the code at "+region.String(), func(ctx context.Context) (n int, err error) {
				found[i][j], err = placeOf(ctx, graph, cause.Service, region)
				if found[i][j] != nil {
					n = 1
				}
				return n, err
			})
		}
	}
	q.wait()
	for i := range causes {
		for _, p := range found[i] {
			if p != nil {
				p.Evidence = q.citePlace(graph.Name(), *p)
				causes[i].Places = append(causes[i].Places, *p)
			}
		}
	}
}

// placeOf is what the graph knows of the region; nil where nothing covers it. What was found before a failure comes with
// the error.
func placeOf(ctx context.Context, graph code.Source, service string, region CodeRegion) (*CodePlace, error) {
	symbol, err := covering(ctx, graph, service, region)
	if err != nil || symbol.Name == "" {
		return nil, err
	}
	p := &CodePlace{Region: region, Symbol: symbol, Callers: []code.Symbol{}}
	queries := []code.CallsQuery{{Symbol: symbol.String(), Service: symbol.Service, Depth: 1, Limit: maxCallers}}
	if symbol.Service != "" {
		queries = append(queries, code.CallsQuery{Symbol: symbol.Service, Depth: 1, Limit: maxCallers})
	}
	for _, q := range queries {
		calls, err := graph.Callers(ctx, q)
		if err != nil && !errors.Is(err, base.ErrTruncated) && !errors.Is(err, base.ErrNotFound) {
			return p, err
		}
		p.callers(calls, errors.Is(err, base.ErrTruncated))
		if len(p.Callers) > 0 {
			p.Called = q.Symbol
			return p, nil
		}
	}
	return p, nil
}

// callers keeps whom the calls come from, each once.
func (p *CodePlace) callers(calls []code.Call, more bool) {
	for _, c := range calls {
		if slices.Contains(p.Callers, c.From) {
			continue
		}
		if len(p.Callers) == maxCallers {
			more = true
			break
		}
		p.Callers = append(p.Callers, c.From)
	}
	p.More = more
}

// covering is the narrowest symbol that covers the first line of the region, or else its last: of the service that the
// cause names, or else of any. Its name is empty where there is none.
func covering(ctx context.Context, graph code.Source, service string, region CodeRegion) (code.Symbol, error) {
	lines := slices.Compact(slices.Clone(region.Lines[:]))
	for _, in := range slices.Compact([]string{service, ""}) {
		for _, line := range lines {
			for _, q := range region.queries() {
				q.Service, q.Line, q.Limit = in, line, maxCovering
				found, err := graph.FindSymbols(ctx, q)
				if err != nil && !errors.Is(err, base.ErrTruncated) && !errors.Is(err, base.ErrNotFound) {
					return code.Symbol{}, err
				}
				if s := narrowest(found, line); s.Name != "" {
					return s, nil
				}
			}
		}
	}
	return code.Symbol{}, nil
}

// queries ask for the region by the name that the log gave, and by its file.
func (r CodeRegion) queries() []code.SymbolsQuery {
	var all []code.SymbolsQuery
	if class, name := code.SplitName(r.Symbol); name != "" {
		if class != "" {
			name = class + "#" + name
		}
		all = append(all, code.SymbolsQuery{Name: name})
	}
	if r.File != "" {
		all = append(all, code.SymbolsQuery{File: r.File})
	}
	return all
}

// narrowest is the symbol of fewest lines that covers the line, a method before a class; else a class whose lines are not
// known.
func narrowest(all []code.Symbol, line int) code.Symbol {
	var best code.Symbol
	for _, s := range all {
		switch {
		case !s.Covers(line) && (s.Line > 0 || s.Kind != code.KindClass):
		case best.Name == "", !best.Covers(line) && s.Covers(line), s.Covers(line) && s.End-s.Line < best.End-best.Line:
			best = s
		}
	}
	return best
}

// citePlace makes evidence of what the graph said.
func (q *inquiry) citePlace(graph string, p CodePlace) []string {
	cite := func(summary string) string {
		return q.add(Item{Source: graph, Type: CodeItem, Service: p.Symbol.Service, Ref: Ref{Key: p.Symbol.String()}, Summary: oneLine(summary)})
	}
	ids := []string{cite(fmt.Sprintf("%s covers %s: %s", p.Symbol, p.Region, placed(p.Symbol)))}
	if len(p.Callers) > 0 {
		var names []string
		for _, c := range p.Callers {
			names = append(names, c.String())
		}
		if p.More {
			names = append(names, "and others")
		}
		ids = append(ids, cite(p.Called+" is called by "+strings.Join(names, ", ")))
	}
	return ids
}

// placed says where a symbol stands.
func placed(s code.Symbol) string {
	text := s.File
	if s.Line > 0 {
		text += fmt.Sprintf(":%d-%d", s.Line, max(s.Line, s.End))
	}
	if s.Repo != "" {
		text += " of " + s.Repo
	}
	if s.Service != "" {
		text += " in service " + s.Service
	}
	return strings.TrimSpace(text)
}

// String is the region as a log writes it.
func (r CodeRegion) String() string {
	text := r.Symbol
	if text == "" {
		text = r.File
	}
	if r.Lines[0] == r.Lines[1] {
		return fmt.Sprintf("%s#%d", text, r.Lines[0])
	}
	return fmt.Sprintf("%s#%d-%d", text, r.Lines[0], r.Lines[1])
}
