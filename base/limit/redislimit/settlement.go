package redislimit

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fourkites/sources/base/limit"
)

// settle makes the answer true for the calls, and then tells the log, which may take its time.
func (l *Limiter) settle(x exchange, a answer, err error) {
	if say := l.settled(x, a, err); say != nil && l.logger != nil {
		say(l.logger)
	}
}

func (l *Limiter) settled(x exchange, a answer, err error) (say func(*slog.Logger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.asking = time.Now(), nil
	if err != nil {
		l.again, l.dirty = true, true
		l.quota.news = l.quota.news || x.quota > 0
		if errors.Is(err, errRepeated) {
			l.fresh = append(x.fresh, l.fresh...)
			return nil
		}
		return l.fail(x, err)
	}
	say = l.recover()
	l.epoch, l.lately = a.epoch, a
	if !a.known {
		l.unknown(x)
	}
	comers := make(map[string]*request, len(x.fresh))
	for _, r := range x.fresh {
		comers[r.id] = r
	}
	for _, v := range a.entered {
		l.queue(comers[v.id], v.value)
	}
	for _, v := range a.refused {
		if r := comers[v.id]; r != nil && v.value < 0 {
			l.refuse(r, 0, limit.ErrFull)
		} else if r != nil {
			l.refuse(r, micros(v.value), limit.ErrNoTime)
		}
	}
	for _, v := range a.granted {
		r := comers[v.id]
		if r == nil {
			r = l.line[v.id]
		}
		l.grant(r, micros(v.value))
	}
	return say
}

// unknown is for a process that Redis did not know any more: its places may be taken, and its calls have left the line.
func (l *Limiter) unknown(x exchange) {
	if x.held > 0 && l.config.Concurrency > 0 {
		l.counts.lost++
	}
	if x.mode != modeAgain && len(l.line) > 0 {
		l.again = true
	}
}

// queue notes that a call stands in the line, or has it leave when it was ended meanwhile: its caller has gone,
// or the limiter was closed.
func (l *Limiter) queue(r *request, place int64) {
	switch {
	case r == nil:
	case r.ended:
		l.left = append(l.left, r.id)
		l.rouse()
	default:
		r.place = place
		l.line[r.id] = r
	}
}

// grant lets a call go. A place for one that has gone is given back by telling what is held once more.
func (l *Limiter) grant(r *request, wait time.Duration) {
	if r == nil || r.ended {
		l.dirty = true
		l.rouse()
		return
	}
	delete(l.line, r.id)
	l.held += r.weight
	l.counts.acquired++
	r.wait = min(wait, ahead) // it was longer if the server's clock was set back meanwhile
	r.end(nil)
}

// fail begins an outage, or goes on with it, and ends everybody's wait.
func (l *Limiter) fail(x exchange, err error) (say func(*slog.Logger)) {
	err = l.connector.clean(err)
	if l.outage.err == nil {
		l.counts.outages++
		l.outage.since = time.Now()
		policy := l.config.OnOutage
		say = func(to *slog.Logger) {
			to.Warn("shared limit out of reach", "limit", l.name, "calls", policy, "err", err)
		}
	}
	l.outage.err = err
	for _, r := range x.fresh {
		l.passOver(r)
	}
	for _, r := range l.fresh {
		l.passOver(r)
	}
	for _, r := range l.line {
		l.passOver(r)
	}
	clear(l.line)
	l.fresh, l.left = nil, nil
	return say
}

// passOver ends a call that cannot be asked about.
func (l *Limiter) passOver(r *request) {
	if r.ended {
		return
	}
	if l.config.OnOutage == Open {
		l.held += r.weight
		l.counts.opened++
		r.end(nil)
		return
	}
	wait := max(0, l.config.CoolDown.D()-time.Since(l.told))
	l.refuse(r, wait, fmt.Errorf("%w for %s: %w", ErrOutage, time.Since(l.outage.since).Round(time.Millisecond), l.outage.err))
}

func (l *Limiter) refuse(r *request, wait time.Duration, err error) {
	if r.ended {
		return
	}
	delete(l.line, r.id)
	l.counts.refused++
	r.end(&Refusal{Limit: l.name, Wait: wait, Err: err})
}

func (l *Limiter) recover() (say func(*slog.Logger)) {
	if l.outage.err == nil {
		return nil
	}
	after := time.Since(l.outage.since)
	l.outage = outage{}
	return func(to *slog.Logger) { to.Info("shared limit reached again", "limit", l.name, "after", after) }
}
