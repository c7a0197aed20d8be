package fault

import "sync"

// Plan is the faults that a fake still has to act out, oldest first. The zero value is an empty plan. It is safe for
// concurrent use and must not be copied after first use.
type Plan struct {
	mu    sync.Mutex
	steps []step
}

type step struct {
	fault Fault
	left  int // negative: until Clear
}

// Add plans the fault for the next n strikes; a negative n keeps it until Clear, and hides the faults of its stage
// that are added after it. Zero adds nothing.
func (p *Plan) Add(f Fault, n int) {
	if n == 0 || f.Kind == KindNone {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, step{f, n})
}

// Next takes the oldest planned fault, of whatever stage; false if none is left.
func (p *Plan) Next() (Fault, bool) {
	return p.take(func(Fault) bool { return true })
}

// NextAt takes the oldest planned fault of one stage; false if none is left.
func (p *Plan) NextAt(s Stage) (Fault, bool) {
	return p.take(func(f Fault) bool { return f.Stage == s })
}

// Clear forgets all that was planned.
func (p *Plan) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = nil
}

// Left is how many strikes are planned; negative if one of them lasts until Clear.
func (p *Plan) Left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var n int
	for _, s := range p.steps {
		if s.left < 0 {
			return -1
		}
		n += s.left
	}
	return n
}

func (p *Plan) take(wanted func(Fault) bool) (Fault, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.steps {
		s := &p.steps[i]
		if !wanted(s.fault) {
			continue
		}
		f := s.fault
		if s.left > 0 {
			s.left--
		}
		if s.left == 0 {
			p.steps = append(p.steps[:i], p.steps[i+1:]...)
		}
		return f, true
	}
	return Fault{}, false
}
