package retry

import (
	"math"
	"sync/atomic"
)

// Budget bounds how many retries a client may add to its calls over time, so that an outage is met with little more
// than one request per call. Every call puts in a fraction of a token, every retry takes one out, and what is saved
// is capped. It is safe for concurrent use; the zero value is not ready, make one with [NewBudget].
//
// The shape is that of gRPC's retry throttling (gRFC A6): a ratio of the calls, not of the calls in flight.
type Budget struct {
	have atomic.Int64 // in units, as are the others
	add  atomic.Int64 // what a call earns; not positive = the budget never refuses
	most atomic.Int64
}

// unit is the share of a token that is counted.
const unit = 1e-6

// NewBudget makes a full budget that earns ratio tokens a call and saves at most the given number of them.
// A ratio that is not positive makes a budget that never refuses.
func NewBudget(ratio float64, most int) *Budget {
	b := &Budget{}
	b.Set(ratio, most)
	b.have.Store(b.most.Load())
	return b
}

// Set replaces the ratio and the cap; what was saved is kept up to the new cap.
func (b *Budget) Set(ratio float64, most int) {
	add := int64(math.Round(ratio / unit))
	if ratio > 0 {
		add = max(1, add) // a small ratio is small, not none
	}
	b.add.Store(add)
	b.most.Store(int64(float64(most) / unit))
}

// Earn puts in the share of one call. A full budget, the usual case, costs one load.
func (b *Budget) Earn() {
	most, add := b.most.Load(), b.add.Load()
	for {
		have := b.have.Load()
		if have == most || add <= 0 {
			return
		}
		if b.have.CompareAndSwap(have, min(most, have+add)) {
			return
		}
	}
}

// Spend takes the cost of one retry, in tokens, and reports whether the budget had it. A cost that is not positive is
// always had.
func (b *Budget) Spend(cost float64) bool {
	if b.add.Load() <= 0 || cost <= 0 {
		return true
	}
	price := int64(math.Round(cost / unit))
	for {
		have := b.have.Load()
		if have < price {
			return false
		}
		if b.have.CompareAndSwap(have, have-price) {
			return true
		}
	}
}

// Tokens is what is saved now.
func (b *Budget) Tokens() float64 { return float64(b.have.Load()) * unit }
