package graphtest

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// node and relationship are of one state, and are not written to once that state can be seen by others.
type node struct {
	id     int64
	labels []string
	props  map[string]any
}

type relationship struct {
	id       int64
	kind     string
	from, to int64
	props    map[string]any
}

// state is a whole graph. A transaction that writes has a copy of its own, which takes the place of the common one when it
// is committed.
type state struct {
	nodes         map[int64]*node
	relationships map[int64]*relationship
	out, in       map[int64][]int64 // relationships of a node, by number
	indexes       []string          // the texts that made them
	next          int64
}

func newState() *state {
	return &state{nodes: map[int64]*node{}, relationships: map[int64]*relationship{}, out: map[int64][]int64{}, in: map[int64][]int64{}}
}

func (s *state) clone() *state {
	c := &state{
		nodes: make(map[int64]*node, len(s.nodes)), relationships: make(map[int64]*relationship, len(s.relationships)),
		out: make(map[int64][]int64, len(s.out)), in: make(map[int64][]int64, len(s.in)), indexes: slices.Clone(s.indexes), next: s.next,
	}
	for id, n := range s.nodes {
		c.nodes[id] = &node{n.id, slices.Clone(n.labels), maps.Clone(n.props)}
	}
	for id, r := range s.relationships {
		c.relationships[id] = &relationship{r.id, r.kind, r.from, r.to, maps.Clone(r.props)}
	}
	for id, list := range s.out {
		c.out[id] = slices.Clone(list)
	}
	for id, list := range s.in {
		c.in[id] = slices.Clone(list)
	}
	return c
}

func (s *state) addNode(labels []string, props map[string]any) *node {
	s.next++
	n := &node{s.next, labels, props}
	s.nodes[n.id] = n
	return n
}

func (s *state) addRelationship(kind string, from, to int64, props map[string]any) *relationship {
	s.next++
	r := &relationship{s.next, kind, from, to, props}
	s.relationships[r.id] = r
	s.out[from] = append(s.out[from], r.id)
	s.in[to] = append(s.in[to], r.id)
	return r
}

func (s *state) removeRelationship(id int64) {
	r := s.relationships[id]
	if r == nil {
		return
	}
	delete(s.relationships, id)
	drop := func(list []int64) []int64 {
		return slices.DeleteFunc(list, func(other int64) bool { return other == id })
	}
	s.out[r.from], s.in[r.to] = drop(s.out[r.from]), drop(s.in[r.to])
}

// sortedNodes are in the order in which they were made.
func (s *state) sortedNodes() []*node {
	all := slices.Collect(maps.Values(s.nodes))
	slices.SortFunc(all, func(a, b *node) int { return int(a.id - b.id) })
	return all
}

// elementID is how clients name it: 4 is a node, 5 a relationship.
func (n *node) elementID() string { return "4:graphtest:" + strconv.FormatInt(n.id, 10) }

func (r *relationship) elementID() string { return "5:graphtest:" + strconv.FormatInt(r.id, 10) }

// store is the committed graph. One transaction writes at a time; the others wait for their turn.
type store struct {
	mu      sync.Mutex
	state   *state
	writing chan *transaction // holds the one that writes
}

func (s *store) init() {
	s.writing = make(chan *transaction, 1)
	s.state = newState()
}

func (s *store) now() *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// replace puts another graph in place of the one that is there.
func (s *store) replace(g *state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = g
}

// reading is what the transaction sees.
func (t *transaction) view() *state {
	if t.graph != nil {
		return t.graph
	}
	return t.server.store.now()
}

// write gives the transaction a graph of its own to write to.
func (t *transaction) write(ctx context.Context) (*state, error) {
	if t.graph != nil {
		return t.graph, nil
	}
	select {
	case t.server.store.writing <- t:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	t.graph = t.server.store.now().clone()
	return t.graph, nil
}

// commit makes what the transaction wrote visible.
func (s *store) commit(t *transaction) {
	if t.graph != nil {
		s.replace(t.graph)
	}
}

// leave lets the next one write.
func (s *store) leave(t *transaction) {
	if t.graph == nil {
		return
	}
	t.graph = nil
	<-s.writing
}
