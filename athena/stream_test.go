package athena

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// closing is a source that says whether it was closed.
type closing struct{ closed atomic.Bool }

func (*closing) fill(context.Context, *table) error { return nil }

func (c *closing) close() { c.closed.Store(true) }

func TestAnAnswerThatIsCutWhileItBeginsHoldsNothing(t *testing.T) {
	t.Parallel()
	for range 200 {
		c := &Client{answers: map[answer]struct{}{}, cut: context.Background()}
		s := c.newStream(t.Context(), opResults, 0, nil)
		c.in(s)
		var from closing
		var cutting sync.WaitGroup
		cutting.Go(s.cut)
		s.use(&from)
		cutting.Wait()
		_ = s.Close()
		if !from.closed.Load() || len(c.answers) != 0 {
			t.Fatalf("closed %v, %d answers are kept", from.closed.Load(), len(c.answers))
		}
	}
}
