package graphtest

import (
	"math"
	"slices"
	"strconv"
)

// labels are alternatives, each with all the labels that it asks for; none is anything.
type labels [][]string

func (l labels) match(have []string) bool {
	if len(l) == 0 {
		return true
	}
	return slices.ContainsFunc(l, func(all []string) bool {
		return !slices.ContainsFunc(all, func(one string) bool { return !slices.Contains(have, one) })
	})
}

// place is a node of a pattern; step is the relationship that leads to the next one.
type place struct {
	name   string
	labels labels
	props  expression
	where  expression
}

type step struct {
	name     string
	kinds    []string
	props    expression
	out, in  bool // neither is either
	many     bool // *
	min, max int
	to       place
}

// path is one pattern of MATCH, CREATE or MERGE.
type path struct {
	name     string
	shortest bool
	every    bool // allShortestPaths
	start    place
	steps    []step
}

// matching reads patterns with commas between and a condition.
func (p *parser) matching() (patterns []path, where expression, err error) {
	for {
		one, err := p.named()
		if err != nil {
			return nil, nil, err
		}
		if patterns = append(patterns, one); !p.accept(",") {
			break
		}
	}
	if p.accept("WHERE") {
		where, err = p.expression()
	}
	return patterns, where, err
}

// named reads name = pattern, and shortestPath(pattern).
func (p *parser) named() (path, error) {
	name := ""
	if p.peek().kind != tokenMark && p.ahead(1).is("=") {
		name, _ = p.name()
		p.at++
	}
	every := p.peek().is("allShortestPaths")
	shortest := p.accept("shortestPath", "(") || p.accept("allShortestPaths", "(")
	one, err := p.pattern()
	one.name, one.shortest, one.every = name, shortest, every
	if err == nil && shortest {
		err = p.expect(")")
	}
	return one, err
}

func (p *parser) pattern() (path, error) {
	var one path
	var err error
	if one.start, err = p.place(); err != nil {
		return one, err
	}
	for p.peek().is("-") || p.peek().is("<-") || p.peek().is("->") {
		s, err := p.step()
		if err != nil {
			return one, err
		}
		one.steps = append(one.steps, s)
	}
	return one, nil
}

// place reads (name:Label {props} WHERE condition).
func (p *parser) place() (place, error) {
	var n place
	err := p.expect("(")
	if err == nil && (p.peek().kind == tokenWord || p.peek().kind == tokenName) && !p.peek().is("WHERE") {
		n.name, err = p.name()
	}
	if err == nil && p.peek().is(":") {
		n.labels, err = p.labels()
	}
	if err == nil {
		n.props, err = p.props()
	}
	if err == nil && p.accept("WHERE") {
		n.where, err = p.expression()
	}
	if err != nil {
		return n, err
	}
	return n, p.expect(")")
}

func (p *parser) props() (expression, error) {
	switch {
	case p.peek().is("{"):
		return p.dict()
	case p.accept("$"):
		return p.parameter()
	}
	return nil, nil
}

// labels reads :A, :A:B, :A&B and :A|B.
func (p *parser) labels() (labels, error) {
	p.at++ // the colon
	all := labels{nil}
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		all[len(all)-1] = append(all[len(all)-1], name)
		switch {
		case p.accept(":"), p.accept("&"):
		case p.accept("|"):
			p.accept(":")
			all = append(all, nil)
		default:
			return all, nil
		}
	}
}

// step reads -[name:A|B*1..3 {props}]->, its other directions, and --.
func (p *parser) step() (step, error) {
	s := step{min: 1, max: 1}
	if p.accept("->") { // the second half of -->, when the first was taken
		return s, p.unexpected("expected a relationship")
	}
	if s.in = p.accept("<-"); !s.in {
		if err := p.expect("-"); err != nil {
			return s, err
		}
	}
	if p.accept("[") {
		if err := p.inner(&s); err != nil {
			return s, err
		}
	}
	if s.out = p.accept("->"); !s.out {
		if err := p.expect("-"); err != nil {
			return s, err
		}
	}
	var err error
	s.to, err = p.place()
	return s, err
}

func (p *parser) inner(s *step) (err error) {
	if p.peek().kind == tokenWord || p.peek().kind == tokenName {
		s.name, _ = p.name()
	}
	if p.accept(":") {
		for {
			kind, err := p.name()
			if err != nil {
				return err
			}
			s.kinds = append(s.kinds, kind)
			if !p.accept("|") {
				break
			}
			p.accept(":")
		}
	}
	if p.accept("*") {
		if err := p.length(s); err != nil {
			return err
		}
	}
	if s.props, err = p.props(); err != nil {
		return err
	}
	return p.expect("]")
}

// length reads *, *2, *1..3, *..3 and *1..
func (p *parser) length(s *step) error {
	s.many, s.min, s.max = true, 1, math.MaxInt32
	number := func(into ...*int) error {
		t := p.peek()
		if t.kind != tokenNumber {
			return nil
		}
		p.at++
		n, err := strconv.Atoi(t.text)
		for _, i := range into {
			*i = n
		}
		if err != nil {
			return failure(CodeSyntax, "invalid length '%s'", t.text)
		}
		return nil
	}
	if p.peek().kind == tokenNumber {
		if err := number(&s.min, &s.max); err != nil {
			return err
		}
		if p.peek().is("..") {
			s.max = math.MaxInt32
		}
	}
	if p.accept("..") {
		return number(&s.max)
	}
	return nil
}
