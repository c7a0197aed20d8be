package redshift

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// bound lets no more logins go on than there are permits; those that go on already do not count.
func (d *dialer) bound(permits int) {
	if permits <= 0 {
		d.logins.Store(nil)
		return
	}
	logins := make(chan struct{}, permits)
	d.logins.Store(&logins)
}

// login is the way to one new connection. The driver goes on with a login whose caller has gone, so that the next one
// finds the connection: such logins count, and there are never more at once than permits.
func (d *dialer) login() pgconn.DialFunc {
	var first sync.Once
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		dial := d.connect // of a request to cancel, which must not wait for others
		first.Do(func() { dial = d.enter })
		return dial(ctx, network, address)
	}
}

// enter waits for a place, and keeps it until the login is over or the connection ends.
func (d *dialer) enter(ctx context.Context, network, address string) (net.Conn, error) {
	logins := d.logins.Load()
	if logins == nil {
		return d.connect(ctx, network, address)
	}
	select {
	case *logins <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-d.links.ctx.Done():
		return nil, errPoolClosed
	}
	leave := sync.OnceFunc(func() { <-*logins })
	conn, err := d.connect(ctx, network, address)
	if err != nil {
		leave()
		return nil, err
	}
	if l, ok := conn.(*link); ok {
		l.leave.Store(&leave)
		if l.closed.Load() {
			l.entered()
		}
	}
	return conn, nil
}

// entered says that the login of the connection is over, one way or the other.
func (l *link) entered() {
	if leave := l.leave.Swap(nil); leave != nil {
		(*leave)()
	}
}
