package clickhouse

import (
	"testing"
	"time"

	"github.com/fourkites/sources/base/rows"
)

// A time without a zone is shown in that of the server, never in that of this machine.
func TestATimeWithoutAZoneIsInThatOfTheServer(t *testing.T) {
	t.Parallel()
	server := time.FixedZone("server", 5*3600+1800)
	for text, want := range map[string]string{"DateTime": "server", "DateTime64(3)": "server", "DateTime('UTC')": "UTC", "DateTime64(3, 'UTC')": "UTC"} {
		c, err := newColumn(text, server, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got rows.Times
		switch c := c.(type) {
		case *times[uint32]:
			got = c.v
		case *times[int64]:
			got = c.v
		}
		if got.Location.String() != want {
			t.Errorf("%s: in %s, and not in %s", text, got.Location, want)
		}
	}
}
