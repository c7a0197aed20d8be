package incident

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// CodeGraph is the code of an application as a file holds it: its classes, their methods, and which services they call.
// It is a [code.Source] that answers from memory, safe for concurrent use.
type CodeGraph struct {
	name    string
	symbols []code.Symbol // services, classes and methods, by service, file and line
	calls   []code.Call
}

// codeFile is the form of the file; what is not named here is skipped.
type codeFile struct {
	Repo    string      `json:"repo"`
	Classes []codeClass `json:"classes"`
	Edges   []struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"edges"` // between services
}

type codeClass struct {
	Service string `json:"service"`
	Path    string `json:"path"`
	Class   string `json:"class"`
	Methods []struct {
		Name string `json:"name"`
		Line int    `json:"line"`
		End  int    `json:"end"`
	} `json:"methods"`
	Calls []struct {
		Method string `json:"method"`
		To     string `json:"to"` // a service
	} `json:"calls"`
}

// ReadCode reads a code graph from a file.
func ReadCode(name, path string) (*CodeGraph, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, invalid(err, "%s: the code graph cannot be read: %v", path, errors.Unwrap(err))
	}
	g, err := ParseCode(name, text)
	if err != nil {
		return nil, invalid(err, "%s: this is no JSON object of a code graph: %v", path, err)
	}
	return g, nil
}

// ParseCode makes a code graph of the text of such a file; name is that of the source.
func ParseCode(name string, text []byte) (*CodeGraph, error) {
	var f codeFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	g := &CodeGraph{name: name}
	repo, _, _ := strings.Cut(f.Repo, " ")
	services := map[string]bool{}
	service := func(name string) code.Symbol {
		s := code.Symbol{Kind: code.KindService, Name: name, Service: name, Repo: repo}
		if !services[name] {
			services[name] = true
			g.symbols = append(g.symbols, s)
		}
		return s
	}
	for _, c := range f.Classes {
		g.add(c, repo, service)
	}
	for _, e := range f.Edges {
		g.calls = append(g.calls, code.Call{From: service(e.From), To: service(e.To), Depth: 1})
	}
	return g, nil
}

func (g *CodeGraph) add(c codeClass, repo string, service func(string) code.Symbol) {
	of := service(c.Service)
	g.symbols = append(g.symbols, code.Symbol{Kind: code.KindClass, Name: c.Class, Service: of.Service, Repo: repo, File: c.Path})
	for _, m := range c.Methods {
		method := code.Symbol{
			Kind: code.KindMethod, Name: m.Name, Class: c.Class, Service: of.Service, Repo: repo, File: c.Path, Line: m.Line, End: m.End,
		}
		g.symbols = append(g.symbols, method)
		for _, call := range c.Calls {
			if call.Method == m.Name {
				g.calls = append(g.calls, code.Call{From: method, To: service(call.To), Depth: 1})
			}
		}
	}
}

// Name is that which the graph was made with.
func (g *CodeGraph) Name() string { return g.name }

// FindSymbols finds symbols as [code.SymbolsQuery] says.
func (g *CodeGraph) FindSymbols(ctx context.Context, q code.SymbolsQuery) ([]code.Symbol, error) {
	if q.Name == "" && q.File == "" {
		return nil, base.Invalid(g.name, "FindSymbols", "name, file: both are missing; give one")
	}
	class, name := code.SplitName(q.Name)
	var found []code.Symbol
	for _, s := range g.symbols {
		named := q.Name == "" || s.Name == name && (class == "" || s.Class == class) || q.Line > 0 && class == "" && s.Class == name
		filed := q.File == "" || s.File == q.File || strings.HasSuffix(s.File, "/"+strings.TrimPrefix(q.File, "/"))
		covers := q.Line == 0 || s.Covers(q.Line) || s.Kind == code.KindClass && s.Line == 0
		if named && filed && covers && (q.Kind == "" || q.Kind == s.Kind) && (q.Service == "" || q.Service == s.Service) {
			found = append(found, s)
		}
	}
	if q.Line > 0 {
		slices.SortStableFunc(found, func(a, b code.Symbol) int { return cmp.Compare(extent(a), extent(b)) })
	}
	if err := ctx.Err(); err != nil {
		return nil, base.NewError(base.KindOf(err), context.Cause(ctx))
	}
	return cutAt(g.name, "FindSymbols", found, q.Limit)
}

// extent is how many lines a symbol has; one whose lines are not known has more than any.
func extent(s code.Symbol) int {
	if s.Line == 0 {
		return 1 << 30
	}
	return max(s.End-s.Line, 0)
}

// Callers are the direct calls of a symbol, whatever depth is asked for: the file has no others.
func (g *CodeGraph) Callers(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	return g.callsOf(ctx, "Callers", q, func(c code.Call) code.Symbol { return c.To })
}

// Callees are the direct calls that a symbol makes.
func (g *CodeGraph) Callees(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	return g.callsOf(ctx, "Callees", q, func(c code.Call) code.Symbol { return c.From })
}

func (g *CodeGraph) callsOf(ctx context.Context, op string, q code.CallsQuery, end func(code.Call) code.Symbol) ([]code.Call, error) {
	symbols, err := g.FindSymbols(ctx, code.SymbolsQuery{Name: q.Symbol, Service: q.Service})
	if err != nil {
		return nil, err
	}
	if len(symbols) == 0 {
		e := base.NewError(base.KindNotFound, nil).WithText("there is no symbol of this name")
		e.Source, e.Op = g.name, op
		return nil, e
	}
	var found []code.Call
	for _, c := range g.calls {
		if slices.Contains(symbols, end(c)) {
			found = append(found, c)
		}
	}
	return cutAt(g.name, op, found, q.Limit)
}

// cutAt is the list up to the limit, 0 = all of it.
func cutAt[T any](source, op string, all []T, limit int) ([]T, error) {
	if limit <= 0 || len(all) <= limit {
		return all, nil
	}
	return all[:limit], base.NewIncomplete(base.Truncated, source, op, int64(limit), "more match than the limit", nil)
}
