package clickhouse

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

// At a rotation a driver is closed under the writes that are about to use it.
func TestAWriteWhoseDriverWasClosedWasNotSent(t *testing.T) {
	t.Parallel()
	c, err := New(t.Context(), Config{Host: "127.0.0.1", AllowWrites: true, Limits: base.Limits{Retries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.revision.Store(revision)
	conn, _, err := c.writer.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	err = c.Exec(t.Context(), Statement{SQL: "DROP TABLE t"})
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindUnavailable || e.Sent != base.NotSent {
		t.Errorf("%+v", err)
	}
	if c.writer.conn != nil {
		t.Error("the closed driver is kept")
	}
}

// A server that takes settings in the old form cannot be sent those of a caller, whose types are not known.
func TestSettingsForAServerTooOldAreAnError(t *testing.T) {
	t.Parallel()
	c, err := New(t.Context(), Config{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	ours, theirs := net.Pipe()
	_ = theirs.Close()
	k := &conn{link: newLink(t.Context(), ours, ours), v: oldestRevision, hello: hello{zone: time.UTC}, expires: time.Now().Add(time.Hour)}
	k.in = newInput(timedReader{k})
	k.link.settle()
	c.pool.inUse[k] = struct{}{}
	c.pool.put(k)
	_, err = c.Query(t.Context(), Query{SQL: "SELECT 1", Settings: map[string]string{"max_threads": "1"}})
	if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "max_threads") {
		t.Error(err)
	}
	if len(c.pool.idle) != 1 {
		t.Error("the connection was not kept")
	}
}
