package clickhouse

import (
	"cmp"
	"slices"
	"time"

	"github.com/fourkites/sources/base/traces"
)

// criticalPath walks back from the end of the trace: at each instant the span that the end was waiting for is the child
// that ended last before it. The steps are in the order of time. Spans without their parent count as roots; the root
// that ends last decides, earlier ones fill the time before it.
func criticalPath(spans []traces.Span) (path []PathStep, orphans []string) {
	w := pathWalk{spans: spans, children: map[int][]int{}}
	byID := make(map[string]int, len(spans))
	for i, s := range spans {
		if _, twice := byID[s.SpanID]; !twice {
			byID[s.SpanID] = i
		}
	}
	var roots []int
	for i, s := range spans {
		parent, known := byID[s.ParentID]
		switch {
		case s.ParentID == "":
			roots = append(roots, i)
		case !known || parent == i:
			orphans, roots = append(orphans, s.SpanID), append(roots, i)
		default:
			w.children[parent] = append(w.children[parent], i)
		}
	}
	if len(roots) == 0 && len(spans) > 0 {
		roots = []int{0} // every span claims a parent: a circle
	}
	w.run(roots)
	slices.Reverse(w.steps)
	return w.steps, orphans
}

type pathWalk struct {
	spans    []traces.Span
	children map[int][]int
	seen     map[int]bool
	steps    []PathStep // from the end to the start
}

// visit is one span on the path that is being walked back through.
type visit struct {
	span     int
	at       time.Time // all after it is accounted for
	children []ended   // that may still lie before it, the last to end at the end
}

// ended is a child with its end, or that of its parent where the parent ended first.
type ended struct {
	span int
	end  time.Time
}

func (w *pathWalk) run(roots []int) {
	w.seen = map[int]bool{}
	w.byEnd(roots)
	last := time.Time{}
	for _, root := range slices.Backward(roots) {
		s := w.spans[root]
		at := s.End()
		if !last.IsZero() {
			if !s.Start.Before(last) {
				continue
			}
			if at.After(last) {
				continue // beside the root that decides
			}
		}
		w.walk(root, at)
		last = s.Start
	}
}

func (w *pathWalk) byEnd(all []int) {
	slices.SortStableFunc(all, func(a, b int) int {
		return cmp.Or(w.spans[a].End().Compare(w.spans[b].End()), cmp.Compare(a, b))
	})
}

// walk keeps a stack of its own, for a trace may be deeper than is good for recursion, and its parents may form a
// circle.
func (w *pathWalk) walk(root int, at time.Time) {
	stack := []visit{w.enter(root, at)}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		s := w.spans[top.span]
		child, ok := w.next(top)
		if !ok {
			w.step(s, s.Start, top.at)
			stack = stack[:len(stack)-1]
			continue
		}
		w.step(s, child.end, top.at)
		top.at = w.spans[child.span].Start
		if top.at.Before(s.Start) {
			top.at = s.Start
		}
		stack = append(stack, w.enter(child.span, child.end))
	}
}

// enter lists the children that a span can have waited for. A child that outlives it is cut at its end, for clocks
// differ; but nobody waits for the consumer of a message.
func (w *pathWalk) enter(span int, at time.Time) visit {
	w.seen[span] = true
	v := visit{span: span, at: at}
	for _, child := range w.children[span] {
		c := w.spans[child]
		end := c.End()
		if end.After(at) {
			if c.Kind == "Consumer" || !c.Start.Before(at) {
				continue
			}
			end = at
		}
		v.children = append(v.children, ended{child, end})
	}
	slices.SortStableFunc(v.children, func(a, b ended) int { return a.end.Compare(b.end) })
	return v
}

// next takes the child that ended last before the visit's instant; those that ran beside a later one are left out.
func (w *pathWalk) next(v *visit) (ended, bool) {
	for len(v.children) > 0 {
		child := v.children[len(v.children)-1]
		v.children = v.children[:len(v.children)-1]
		if !w.seen[child.span] && !child.end.After(v.at) && w.spans[child.span].Start.Before(v.at) {
			return child, true
		}
	}
	return ended{}, false
}

// step adds the time that a span spent itself; neighbours of one span grow together.
func (w *pathWalk) step(s traces.Span, from, to time.Time) {
	if !to.After(from) {
		return
	}
	if n := len(w.steps); n > 0 && w.steps[n-1].SpanID == s.SpanID && w.steps[n-1].Start.Equal(to) {
		w.steps[n-1].Start = from
		w.steps[n-1].Self += to.Sub(from)
		return
	}
	w.steps = append(w.steps, PathStep{
		SpanID: s.SpanID, Service: s.Service, Name: s.Name, Start: from, Self: to.Sub(from), Failed: s.Failed,
	})
}
