package secret

import (
	"fmt"
	"maps"
	"slices"
)

// watchers are the subscribers and the one change they have not been told of yet. Guarded by Cache.mu.
type watchers struct {
	last    string // version published last
	byID    map[int]func(Snapshot)
	next    int
	pending *Snapshot
	running bool
}

// changed notes a snapshot for the subscribers if its version is new, and reports whether there is anything to tell.
func (w *watchers) changed(snap Snapshot) bool {
	if snap.Version == w.last {
		return false
	}
	w.last = snap.Version
	if len(w.byID) == 0 {
		return false
	}
	w.pending = &snap
	return true
}

// Subscribe calls the function with every new version from now on, for example to re-key a pool. Calls come one at a
// time and never hold up a refresh or a Get: a slow subscriber misses versions in between, never the latest. The
// function must not call Close. After cancel returns no further call begins. A panic goes to [CacheConfig.OnError].
func (c *Cache) Subscribe(f func(Snapshot)) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &c.watchers
	if w.byID == nil {
		w.byID = make(map[int]func(Snapshot))
	}
	id := w.next
	w.next++
	w.byID[id] = f
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(w.byID, id)
	}
}

// notify tells the subscribers until there is nothing new.
func (c *Cache) notify() {
	finished := false
	defer func() {
		if !finished { // a subscriber ended the goroutine
			c.mu.Lock()
			c.watchers.running = false
			c.mu.Unlock()
		}
	}()
	for {
		snap, ids := c.news()
		if ids == nil {
			finished = true
			return
		}
		for _, id := range ids {
			c.tell(id, snap)
		}
	}
}

// news takes the pending change; without one the notifier is marked as ended.
func (c *Cache) news() (Snapshot, []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &c.watchers
	if w.pending == nil || c.closed || len(w.byID) == 0 {
		w.pending, w.running = nil, false
		return Snapshot{}, nil
	}
	snap := *w.pending
	w.pending = nil
	return snap, slices.Sorted(maps.Keys(w.byID))
}

func (c *Cache) tell(id int, snap Snapshot) {
	c.mu.Lock()
	f := c.watchers.byID[id]
	if _, refused := c.refused[snap.Version]; refused || c.closed {
		f = nil
	}
	c.mu.Unlock()
	if f == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			c.report(fmt.Errorf("secret: a subscriber panicked with a %T", p))
		}
	}()
	f(snap)
}
