package clickhouse

import (
	"errors"
	"testing"

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
