package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// FramesQuery asks what the frames of a stack trace are in the code. Trace, or Frames, is set.
type FramesQuery struct {
	Trace   string       `json:"trace,omitempty" jsonschema:"the text of one or more stack traces, or a log with some: Java, Go, Python, Ruby, Node or .NET"`
	Frames  []code.Frame `json:"frames,omitempty" jsonschema:"instead of trace"`
	Service string       `json:"service,omitempty" jsonschema:"where the trace was written, when several services have its classes"`
}

const maxFrames = 1000

var opResolveFrames = &base.Op{Name: "ResolveFrames", System: base.SystemDB}

// ResolveFrames finds the symbols of the frames of stack traces, one answer for each frame in the order of the trace. A
// frame that the graph does not have, such as one of a library, has code.MatchNone. What is beyond the first 1,000 frames,
// or what code.ParseTrace did not read, is named by a *base.IncompleteError beside the rest; a text without a frame is
// base.ErrInvalid.
func (c *Client) ResolveFrames(ctx context.Context, q FramesQuery) ([]code.ResolvedFrame, error) {
	if (q.Trace == "") == (len(q.Frames) == 0) {
		return nil, base.Invalid(c.Name(), opResolveFrames.Name, "trace, frames: set one of the two")
	}
	frames, missing := q.Frames, ""
	if q.Trace != "" {
		trace := code.ParseTrace(q.Trace)
		if frames, missing = trace.Frames(), trace.Incomplete; len(frames) == 0 {
			return nil, base.Invalid(c.Name(), opResolveFrames.Name, "trace: no frame was found in %d bytes; give the trace as its runtime wrote it", len(q.Trace))
		}
	}
	if len(frames) > maxFrames {
		frames, missing = frames[:maxFrames], "the frames behind the first 1,000; resolve them by themselves"
	}
	found, err := c.resolve(ctx, opResolveFrames, frames, strings.TrimSpace(q.Service))
	if err == nil && missing != "" {
		err = base.NewIncomplete(base.Partial, c.Name(), opResolveFrames.Name, int64(len(found)), missing, nil)
	}
	return found, err
}

// resolve finds the frames, a thousand at once.
func (c *Client) resolve(ctx context.Context, op *base.Op, frames []code.Frame, service string) ([]code.ResolvedFrame, error) {
	all := make([]code.ResolvedFrame, len(frames))
	for i, f := range frames {
		all[i] = code.ResolvedFrame{Frame: f, Match: code.MatchNone}
	}
	for first := 0; first < len(all); first += maxFrames {
		if err := c.resolvePart(ctx, op, all[first:min(first+maxFrames, len(all))], service); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *Client) resolvePart(ctx context.Context, op *base.Op, part []code.ResolvedFrame, service string) error {
	byClass, byFile := []map[string]any{}, []map[string]any{}
	for i, r := range part {
		f := r.Frame
		ask := map[string]any{"at": i, "class": innermost(f.Class), "outer": outermost(f.Class), "method": f.Method, "line": f.Line, "file": slashed(f.File)}
		switch {
		case f.Class != "":
			byClass = append(byClass, ask)
		case f.Method != "" || f.File != "":
			byFile = append(byFile, ask)
		}
	}
	candidates := make([][]code.Symbol, len(part))
	take := func(row []any) error {
		at, ok := row[0].(int64)
		if !ok || at < 0 || at >= int64(len(part)) {
			return &malformedError{"a frame that nobody asked about"}
		}
		for _, v := range row[1:] {
			if v == nil {
				continue
			}
			s, err := symbolOf(v)
			if err != nil {
				return err
			}
			candidates[at] = append(candidates[at], s)
		}
		return nil
	}
	if len(byClass) > 0 {
		if err := c.each(ctx, op, c.cypher.text(framesByClass...), map[string]any{"frames": byClass, "service": service}, take); err != nil {
			return err
		}
	}
	if len(byFile) > 0 {
		if err := c.each(ctx, op, c.cypher.text(framesByFile...), map[string]any{"frames": byFile, "service": service}, take); err != nil {
			return err
		}
	}
	for i := range part {
		part[i].Match, part[i].Symbols = best(part[i].Frame, candidates[i])
	}
	return nil
}

var (
	framesByClass = []string{
		"UNWIND $frames AS f MATCH (c:<Class>) WHERE c.<name> IN [f.class, f.outer] AND ($service = '' OR coalesce(c.<service>, $service) = $service)",
		"OPTIONAL MATCH (c)-[:<HAS_METHOD>]->(n:<Method>)",
		"WHERE n.<name> = f.method OR f.line > 0 AND n.<line> <= f.line AND f.line <= coalesce(n.<end>, n.<line>)",
		"WITH f, c, n RETURN f.at, <c,c> AS x, CASE WHEN n IS NOT NULL THEN <n,c> END AS y ORDER BY f.at, x[4], x[6], y[7]",
	}
	framesByFile = []string{
		"UNWIND $frames AS f MATCH (n:<Method>) WHERE f.method <> '' AND n.<name> = f.method",
		"OPTIONAL MATCH (c:<Class>)-[:<HAS_METHOD>]->(n) WITH f, n, head(collect(c)) AS c WITH f, <n,c> AS x",
		"WHERE ($service = '' OR coalesce(x[4], $service) = $service)",
		"AND (f.file = '' OR x[6] IS NULL OR x[6] = f.file OR x[6] ENDS WITH '/' + f.file OR f.file ENDS WITH '/' + x[6])",
		"RETURN f.at, x ORDER BY f.at, x[4], x[3], x[7]",
	}
)

// innermost is the class itself, where a runtime writes the classes around it too.
func innermost(class string) string {
	if i := strings.LastIndexAny(class, "$+."); i >= 0 && i+1 < len(class) {
		return class[i+1:]
	}
	return class
}

func outermost(class string) string {
	if i := strings.IndexAny(class, "$+"); i > 0 {
		return class[:i]
	}
	return class
}

func slashed(file string) string { return strings.ReplaceAll(file, `\`, "/") }

// mostMatches are the symbols that one frame can be.
const mostMatches = 20

// best are the candidates that fit the frame most surely, and how surely that is.
func best(f code.Frame, candidates []code.Symbol) (code.Match, []code.Symbol) {
	order := []code.Match{code.MatchLine, code.MatchMethod, code.MatchClass}
	by := map[code.Match][]code.Symbol{}
	for _, s := range distinct(candidates) {
		m := fit(f, s)
		by[m] = append(by[m], s)
	}
	for _, m := range order {
		if fits := by[m]; len(fits) > 0 {
			slices.SortStableFunc(fits, func(a, b code.Symbol) int { // the narrowest first
				return cmp.Or(cmp.Compare(a.End-a.Line, b.End-b.Line), cmp.Compare(a.Service, b.Service))
			})
			return m, fits[:min(len(fits), mostMatches)]
		}
	}
	return code.MatchNone, nil
}

// fit is how surely a symbol is that of a frame. A line counts only where nothing else contradicts.
func fit(f code.Frame, s code.Symbol) code.Match {
	switch {
	case s.Kind != code.KindMethod:
		return code.MatchClass
	case f.Line > 0 && s.Covers(f.Line) && (f.Method == "" || f.Method == s.Name || constructs(f, s)):
		return code.MatchLine
	case f.Method == s.Name || constructs(f, s):
		return code.MatchMethod
	case f.Line > 0 && s.Covers(f.Line):
		return code.MatchLine
	}
	return code.MatchNone
}

// constructs reports whether both are the constructor of a class, which runtimes and code name differently.
func constructs(f code.Frame, s code.Symbol) bool {
	return s.Name == s.Class && slices.Contains([]string{"<init>", ".ctor", "new", "__init__", "initialize", "constructor"}, f.Method)
}
