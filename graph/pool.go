package graph

import (
	"context"
	"sync"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// pool is a driver with its connections, and those who use them.
type pool struct {
	driver   neo4j.DriverWithContext
	sessions sessions
}

// drivers are the pool of the present password, and those of older ones that are still in use. A driver would log its idle
// connections in anew when they are used next, as many at a time as there are calls: where that password has ended too by
// then, the server locks the account.
type drivers struct {
	make func() (*pool, error)

	life context.Context // of pools that are not the present one
	end  context.CancelFunc

	mu      sync.Mutex
	present *pool
	version string // of its password; empty: not known yet, or there is none
	closed  bool
	old     sync.WaitGroup
}

func (d *drivers) begin() (err error) {
	d.life, d.end = context.WithCancel(context.Background())
	d.present, err = d.make()
	return err
}

// enter begins to use the present pool, which is not closed before sessions.leave.
func (d *drivers) enter() *pool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.present.sessions.enter()
	return d.present
}

// rekey goes on with the password of that version. Idle connections of the one before are closed now, the others when the
// last of those who use them has ended.
func (d *drivers) rekey(version string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.version
	d.version = version
	if before == "" || before == version || d.closed {
		return
	}
	next, err := d.make()
	if err != nil { // not for a reason of today: the present one was made of the same settings
		return
	}
	old := d.present
	d.present = next
	d.old.Go(func() { old.retire(d.life) })
}

// retireWait bounds the farewell to the connections of an older password.
const retireWait = time.Second

// retire closes the pool when its last user has ended, or at the end of the context.
func (p *pool) retire(ctx context.Context) {
	p.sessions.wait(ctx)
	farewell, cancel := context.WithTimeout(context.Background(), retireWait)
	defer cancel()
	_ = p.driver.Close(farewell) // a connection that does not end is cut with the client
}

// close waits for those who use the pools, and closes all. It reports whether they have ended before the context.
func (d *drivers) close(ctx context.Context) (quiet bool, err error) {
	d.mu.Lock()
	d.closed = true
	p := d.present
	d.mu.Unlock()
	quiet = p.sessions.wait(ctx)
	err = p.driver.Close(ctx)
	stop := context.AfterFunc(ctx, d.end)
	d.old.Wait()
	quiet = stop() && quiet
	d.end()
	return quiet, err
}
