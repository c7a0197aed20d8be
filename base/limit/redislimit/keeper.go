package redislimit

import (
	"math/rand/v2"
	"time"
)

// keep is the goroutine that talks to Redis. Nobody else does for the calls, so there is one exchange at a time however
// many calls come and go, and what one exchange tells is what the process holds at that moment.
func (l *Limiter) keep() {
	defer close(l.kept)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.wake:
		case <-timer.C:
		case <-l.life.Done():
			return
		}
		x, c, anything := l.collect()
		if anything {
			a, err := l.ask(x, c)
			l.settle(x, a, err)
		}
		if next := l.next(); next >= 0 {
			timer.Reset(next)
		} else {
			timer.Stop()
		}
	}
}

// collect gathers what there is to tell. During an outage there is nothing until it is time to look again.
func (l *Limiter) collect() (x exchange, c Config, anything bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c = l.config
	if l.outage.err != nil && time.Since(l.told) < c.CoolDown.D() {
		return x, c, false
	}
	news := l.dirty || l.again || l.quota.news || len(l.left)+len(l.line) > 0 || l.outage.err != nil
	for _, r := range l.fresh {
		if !r.gone {
			x.fresh = append(x.fresh, r)
		}
	}
	lease := l.held > 0 && c.Concurrency > 0 && time.Since(l.told) >= c.Lease.D()/3
	if !news && len(x.fresh) == 0 && !lease {
		l.fresh = nil
		return x, c, false
	}
	if l.again {
		x.mode = modeAgain
		for _, r := range l.line {
			x.waiting = append(x.waiting, r)
		}
	} else {
		x.left = l.left
	}
	if l.quota.news {
		x.quota = max(0, time.Until(l.quota.until))
	}
	x.held = l.held
	l.asking = x.fresh
	l.fresh, l.left, l.dirty, l.again, l.quota.news = nil, nil, false, false, false
	return x, c, true
}

// inLine is everybody who waits and was told to Redis before.
func (l *Limiter) inLine() (all []*request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.line {
		all = append(all, r)
	}
	return all
}

// seen is the name of the data that this process knows, unless Redis may have let it expire.
func (l *Limiter) seen() string {
	const expires = 24 * time.Hour
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outage.err == nil && time.Since(l.told) > expires/2 {
		return ""
	}
	return l.epoch
}

// How often a process that waits asks whether it may go: should a message be lost, and while it can hear none.
const (
	look  = 100 * time.Millisecond
	stare = 20 * time.Millisecond
)

// next is when there is something to tell without an event; negative is never.
func (l *Limiter) next() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, passed := l.config, time.Since(l.told)
	switch {
	case l.outage.err != nil:
		return max(0, c.CoolDown.D()-passed)
	case l.dirty || l.again || l.quota.news || len(l.left) > 0:
		return 0
	case len(l.line) > 0:
		every := stare
		if l.hearing.Load() {
			every = look
		}
		wait := every/2 + rand.N(every)
		if l.lately.due >= 0 {
			wait = min(wait, l.lately.due+time.Millisecond)
		}
		return min(wait, c.Lease.D()/3)
	case l.held > 0 && c.Concurrency > 0:
		return max(0, c.Lease.D()/3-passed)
	}
	return -1
}
