package redislimit

import "time"

// Usage is what a limiter looks like at one instant. What it says of all processes is as old as the last answer of Redis.
type Usage struct {
	Size    int64         // the bound on the weight of all processes; 0 = none
	Used    int64         // weight in flight of all processes
	Waiting int64         // calls in the line of all processes
	Blocked time.Duration // for so long nobody is let through: the server's quota is used up, or Redis lost its data

	Held    int64     // weight in flight of this process
	Queued  int       // calls of this process that wait
	Outage  time.Time // since when Redis is away; zero = it answers
	Problem string    // why; empty = it answers

	Acquired uint64 // calls let through by Redis
	Refused  uint64 // calls turned away
	Opened   uint64 // calls let through while Redis was away, OnOutage being "open"
	Outages  uint64 // times that Redis went away
	Lost     uint64 // times that Redis did not know the places held: the bound may have been exceeded by them
}

// Usage reads the present state. It does not call Redis.
func (l *Limiter) Usage() Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := Usage{
		Size: int64(l.config.Concurrency), Used: l.lately.used, Waiting: l.lately.waiting,
		Blocked: max(0, l.lately.blocked-time.Since(l.told)), Held: l.held, Queued: len(l.line) + len(l.fresh),
		Outage: l.outage.since, Acquired: l.counts.acquired, Refused: l.counts.refused, Opened: l.counts.opened,
		Outages: l.counts.outages, Lost: l.counts.lost,
	}
	if l.outage.err != nil {
		u.Problem = l.outage.err.Error()
	}
	return u
}
