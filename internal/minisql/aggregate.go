package minisql

import (
	"math"
	"slices"
	"strings"
)

// topDefault is the count of topK without a parameter.
func topDefault(params []any) int {
	if len(params) == 0 {
		return 10
	}
	return math.MaxInt
}

// state gathers the rows of one group for one aggregate.
type state interface {
	add(args []any)
	result() any
}

type aggregateSpec struct {
	result func(types []string, params []any) string
	make   func(params []any) state
	cond   bool // the last argument is a condition
	args   int  // how many are needed, apart from the condition
}

// aggregate is one aggregate of a statement: its arguments and how to begin a group.
type aggregate struct {
	args []eval
	make func() state
}

func fixed(typ string) func([]string, []any) string {
	return func([]string, []any) string { return typ }
}

func same(types []string, _ []any) string { return first(types, nil) }

// list skips NULL, so that its elements are none.
func list(types []string, _ []any) string { return "Array(" + notNull(first(types, nil)) + ")" }

func notNull(t string) string {
	if isNullable(t) {
		return baseType(t)
	}
	return t
}

func sumType(types []string, _ []any) string { return numeric(types, nil) }

var aggregates = func() map[string]aggregateSpec {
	plain := map[string]aggregateSpec{
		"count":          {result: fixed("UInt64"), make: func([]any) state { return &counter{} }},
		"sum":            {args: 1, result: sumType, make: func([]any) state { return &summer{} }},
		"avg":            {args: 1, result: fixed("Float64"), make: func([]any) state { return &samples{end: mean} }},
		"min":            {args: 1, result: same, make: func([]any) state { return &extremum{sign: -1} }},
		"max":            {args: 1, result: same, make: func([]any) state { return &extremum{sign: 1} }},
		"any":            {args: 1, result: same, make: func([]any) state { return &keeper{} }},
		"anylast":        {args: 1, result: same, make: func([]any) state { return &keeper{last: true} }},
		"argmin":         {args: 2, result: same, make: func([]any) state { return &extremum{sign: -1, by: true} }},
		"argmax":         {args: 2, result: same, make: func([]any) state { return &extremum{sign: 1, by: true} }},
		"uniq":           {args: 1, result: fixed("UInt64"), make: func([]any) state { return &distinct{} }},
		"uniqexact":      {args: 1, result: fixed("UInt64"), make: func([]any) state { return &distinct{} }},
		"grouparray":     {args: 1, result: list, make: func(p []any) state { return &gatherer{most: bound(p)} }},
		"groupuniqarray": {args: 1, result: list, make: func(p []any) state { return &gatherer{most: bound(p), unique: true} }},
		"topk":           {args: 1, result: list, make: func(p []any) state { return &ranking{most: min(bound(p), topDefault(p))} }},
		"stddevpop":      {args: 1, result: fixed("Float64"), make: func([]any) state { return &samples{end: deviation} }},
		"quantile":       {args: 1, result: fixed("Float64"), make: func(p []any) state { return &samples{end: atQuantile(p)} }},
		"quantiles":      {args: 1, result: fixed("Array(Float64)"), make: func(p []any) state { return &samples{end: atQuantiles(p)} }},
		"quantilesmerge": {args: 1, result: fixed("Array(Float64)"), make: func(p []any) state { return &samples{end: atQuantiles(p)} }},
	}
	for _, alias := range []string{"quantileexact", "quantiletdigest", "quantiletiming", "quantiledeterministic", "median"} {
		plain[alias] = plain["quantile"]
	}
	all := map[string]aggregateSpec{}
	for name, spec := range plain {
		all[name] = spec
		spec.cond = true
		spec.args++
		all[name+"if"] = spec
	}
	return all
}()

// aggregate registers an aggregate and returns an expression that reads it from its group.
func (c *compiler) aggregate(n *node, spec aggregateSpec) (eval, string, error) {
	if c.aggs == nil {
		return nil, "", fail(184, "Aggregate function %s is found where it is not allowed", n.text)
	}
	inner := *c
	inner.group, inner.aggs = nil, nil
	args, types, err := inner.all(n.args)
	if err != nil {
		return nil, "", err
	}
	if strings.EqualFold(n.text, "count") && len(args) == 1 && n.args[0].kind == nodeStar {
		args, types = nil, nil
	}
	if len(args) < spec.args {
		return nil, "", fail(42, "Aggregate function %s requires %d arguments, passed %d", n.text, spec.args, len(args))
	}
	var params []any
	for _, p := range n.params {
		v, err := c.constant(p)
		if err != nil {
			return nil, "", err
		}
		params = append(params, v)
	}
	typ := spec.result(types, params)
	missing := zero(typ)
	at := len(*c.aggs)
	*c.aggs = append(*c.aggs, aggregate{args: args, make: func() state { return spec.begin(params, n.unique) }})
	return func(f *frame) (any, error) {
		v := f.states[at].result()
		if v == nil {
			return missing, nil
		}
		return conform(v, typ), nil
	}, typ, nil
}

func (spec aggregateSpec) begin(params []any, unique bool) state {
	s := spec.make(params)
	if unique {
		s = &once{state: s, seen: map[string]bool{}}
	}
	if spec.cond {
		s = &conditional{state: s}
	}
	return s
}

// once passes each value on the first time only: count(DISTINCT x).
type once struct {
	state
	seen map[string]bool
	key  []byte
}

func (s *once) add(args []any) {
	s.key = appendKey(s.key[:0], args)
	if s.seen[string(s.key)] || slices.ContainsFunc(args, func(v any) bool { return v == nil }) {
		return
	}
	s.seen[string(s.key)] = true
	s.state.add(args)
}

func bound(params []any) int {
	if len(params) == 0 {
		return math.MaxInt
	}
	n, _ := whole(params[0])
	return max(0, int(n))
}

type conditional struct{ state }

func (s *conditional) add(args []any) {
	if yes(args[len(args)-1]) {
		s.state.add(args[:len(args)-1])
	}
}

type counter struct{ n uint64 }

func (s *counter) add(args []any) {
	if len(args) == 0 || args[0] != nil {
		s.n++
	}
}
func (s *counter) result() any { return s.n }

type summer struct {
	ints     int64
	floats   float64
	negative bool
	real     bool
}

func (s *summer) add(args []any) {
	switch x := args[0].(type) {
	case uint64:
		s.ints += int64(x)
	case int64:
		s.ints += x
		s.negative = true
	case bool:
		if x {
			s.ints++
		}
	case float64:
		s.floats += x
		s.real = true
	}
}

func (s *summer) result() any {
	switch {
	case s.real:
		return s.floats + float64(s.ints)
	case s.negative:
		return s.ints
	}
	return uint64(s.ints)
}

type extremum struct {
	sign int
	by   bool // argMin, argMax: the second argument decides
	any  bool
	best any
	kept any
}

func (s *extremum) add(args []any) {
	key := args[len(args)-1]
	if key == nil || nan(key) {
		return
	}
	n := 0
	if s.any {
		n, _ = compare(key, s.best)
	}
	if !s.any || n*s.sign > 0 {
		s.any, s.best, s.kept = true, key, args[0]
	}
}
func (s *extremum) result() any { return s.kept }

type keeper struct {
	last, any bool
	v         any
}

func (s *keeper) add(args []any) {
	if args[0] != nil && (s.last || !s.any) {
		s.v, s.any = args[0], true
	}
}
func (s *keeper) result() any { return s.v }

type distinct struct {
	seen map[string]bool
	key  []byte
}

func (s *distinct) add(args []any) {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.key = s.key[:0]
	for _, a := range args {
		if a == nil {
			return
		}
		s.key = appendKey(s.key, a)
	}
	if !s.seen[string(s.key)] {
		s.seen[string(s.key)] = true
	}
}
func (s *distinct) result() any { return uint64(len(s.seen)) }

type gatherer struct {
	most   int
	unique bool
	seen   map[string]bool
	all    []any
}

func (s *gatherer) add(args []any) {
	if args[0] == nil || len(s.all) >= s.most {
		return
	}
	if s.unique {
		if s.seen == nil {
			s.seen = map[string]bool{}
		}
		k := string(appendKey(nil, args[0]))
		if s.seen[k] {
			return
		}
		s.seen[k] = true
	}
	s.all = append(s.all, args[0])
}

func (s *gatherer) result() any {
	if s.all == nil {
		return []any{}
	}
	return s.all
}

type ranking struct {
	most  int
	count map[string]int
	value map[string]any
}

func (s *ranking) add(args []any) {
	if s.count == nil {
		s.count, s.value = map[string]int{}, map[string]any{}
	}
	if args[0] == nil {
		return
	}
	k := string(appendKey(nil, args[0]))
	s.count[k]++
	s.value[k] = args[0]
}

func (s *ranking) result() any {
	keys := make([]string, 0, len(s.count))
	for k := range s.count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if s.count[a] != s.count[b] {
			return s.count[b] - s.count[a]
		}
		return strings.Compare(a, b)
	})
	all := []any{}
	for _, k := range keys[:min(len(keys), s.most)] {
		all = append(all, s.value[k])
	}
	return all
}

// samples keeps numbers and computes at the end. An array counts as its elements: that is how a merged state is held.
type samples struct {
	end func([]float64) any
	all []float64
}

func (s *samples) add(args []any) {
	if items, ok := args[0].([]any); ok {
		for _, v := range items {
			s.add([]any{v})
		}
		return
	}
	if f, ok := asFloat(args[0]); ok && args[0] != nil {
		s.all = append(s.all, f)
	}
}
func (s *samples) result() any { return s.end(s.all) }

func mean(all []float64) any {
	total := 0.0
	for _, f := range all {
		total += f
	}
	return total / float64(len(all))
}

func deviation(all []float64) any {
	m, _ := mean(all).(float64)
	total := 0.0
	for _, f := range all {
		total += (f - m) * (f - m)
	}
	return math.Sqrt(total / float64(len(all)))
}

func atQuantile(params []any) func([]float64) any {
	q := 0.5
	if len(params) > 0 {
		q, _ = asFloat(params[0])
	}
	return func(all []float64) any { return quantile(all, q) }
}

func atQuantiles(params []any) func([]float64) any {
	return func(all []float64) any {
		out := make([]any, len(params))
		for i, p := range params {
			q, _ := asFloat(p)
			out[i] = quantile(all, q)
		}
		return out
	}
}

// quantile interpolates between the two nearest samples, as ClickHouse's does.
func quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	q = max(0, min(1, q))
	slices.Sort(all)
	at := q * float64(len(all)-1)
	low := int(at)
	high := min(low+1, len(all)-1)
	return all[low] + (all[high]-all[low])*(at-float64(low))
}
