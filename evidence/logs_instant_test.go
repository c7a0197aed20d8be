package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/fourkites/sources/base/logs"
)

// Lines that are alike but for their ids must not be compared each with each: that would be some billion times, and no
// context ends it.
func TestManyLinesOfOneInstantAreJoinedInBoundedTime(t *testing.T) {
	t.Parallel()
	const many = 60_000
	var a, b []logs.Record
	for i := range many {
		r := logs.Record{Service: "s", Body: "x", ID: fmt.Sprint("a-", i)}
		a = append(a, r)
		switch i % 3 {
		case 1:
			r.ID = fmt.Sprint("b-", many-i)
		case 2:
			r.ID = ""
		}
		b = append(b, r)
	}
	begin := time.Now()
	all, twice := joinInstant(a, b)
	if took := time.Since(begin); len(all) != many+many/3 || twice != many/3*2 || took > 10*time.Second {
		t.Errorf("%d, %d twice, after %s", len(all), twice, took)
	}
}
