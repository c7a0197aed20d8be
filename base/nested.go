package base

import (
	"bytes"
	"context"
	"runtime"
	"sync"
)

// nested knows which goroutines hold a permit while a caller's loop body runs. A call from such a body that had to wait
// for a permit of the same guard would wait for itself, so it is refused at once. Go has no way to ask for this but the
// header of the goroutine's stack; it is read once per stream and once per wait, never on the path of a call that finds
// a permit free.
type nested struct {
	mu   sync.Mutex
	held map[string]int
}

func (n *nested) enter() (leave func()) {
	id := goroutine()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held == nil {
		n.held = map[string]int{}
	}
	n.held[id]++
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.held[id]--; n.held[id] <= 0 {
			delete(n.held, id)
		}
	}
}

func (n *nested) holds() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.held) > 0 && n.held[goroutine()] > 0
}

// goroutine names the running goroutine: "goroutine 7".
func goroutine() string {
	var buf [40]byte
	head, _, _ := bytes.Cut(buf[:runtime.Stack(buf[:], false)], []byte(" ["))
	return string(head)
}

// holds reports whether this context, or the loop body that the call is made from, holds a permit of the guard.
func (g *Guard) holds(ctx context.Context) bool {
	return ctx.Value(permitKey{g}) != nil || g.nested.holds()
}
