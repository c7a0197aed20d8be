package evidence_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
)

// repeated is n lines spread over the minutes that begin at from.
func repeated(n int, from, minutes float64, severity logs.Severity, body string) []logs.Record {
	var all []logs.Record
	for i := range n {
		all = append(all, record((from+minutes*float64(i)/float64(n))*60, "worker", severity, body))
	}
	return all
}

func changes(d evidence.Diff) []string {
	var all []string
	for _, c := range d.Changes {
		mark := ""
		if c.Significant {
			mark = "!"
		}
		all = append(all, fmt.Sprintf("%s%s %d %d %s", c.Change, mark, c.Before, c.During, c.Pattern.Template))
	}
	return all
}

var (
	tenBefore  = base.Around(noon, 10*time.Minute, 0)
	fiveDuring = base.Around(noon, 0, 5*time.Minute)
)

func TestPatternDiffFindsWhatIsNewGoneMoreAndLess(t *testing.T) {
	t.Parallel()
	var records []logs.Record
	for _, some := range [][]logs.Record{
		repeated(200, -10, 10, 0, "steady"), repeated(100, 0, 5, 0, "steady"), // 20 a minute, on both sides
		repeated(60, -10, 10, 0, "stored"),                                 // gone
		repeated(40, -10, 10, 0, "retry"), repeated(100, 0, 5, 0, "retry"), // 4 a minute, then 20
		repeated(100, -10, 10, 0, "ping"), repeated(10, 0, 5, 0, "ping"), // 10 a minute, then 2
		repeated(30, 0, 5, logs.SeverityError, "cannot store 7"), // new
		repeated(1, 0, 5, logs.SeverityFatal, "bad once"), repeated(1, 0, 5, 0, "good once"),
	} {
		records = append(records, some...)
	}
	_, client := clickhouseClient(t, records...)
	d, err := evidence.PatternDiff(t.Context(), client, logs.Query{Services: []string{"worker"}}, tenBefore, fiveDuring, evidence.PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"more! 40 100 retry", "new! 0 30 cannot store <num>", "gone! 60 0 stored", "less! 100 10 ping", "new 0 1 bad once", "new 0 1 good once",
	}
	if diff := cmp.Diff(want, changes(d)); diff != "" {
		t.Error(diff)
	}
	if d.Unchanged != 1 || d.Outcome != base.Data || d.RecordsBefore != 400 || d.RecordsDuring != 242 || d.Traffic != 1 || d.Left != 0 {
		t.Errorf("%+v", d)
	}
	if c := d.Changes[0]; c.RateBefore != 4 || c.RateDuring != 20 {
		t.Errorf("rates %v and %v a minute", c.RateBefore, c.RateDuring)
	}
	if gone := d.Changes[2]; len(gone.Pattern.Examples) != 3 || !gone.Pattern.Examples[0].Time.Before(noon) {
		t.Errorf("examples of the line that is gone: %+v", gone.Pattern.Examples)
	}
	// 60 in ten minutes and none in five, by hand: 60 * ln(60 / 40).
	if got, want := d.Changes[2].Surprise, 60*math.Log(1.5); math.Abs(got-want) > 1e-9 {
		t.Errorf("the surprise of the line that is gone is %v, want %v", got, want)
	}
}

func TestPatternDiffTakesTheTrafficOut(t *testing.T) {
	t.Parallel()
	var records []logs.Record
	for i := range 12 {
		body := "step " + strings.Repeat("x", i+1) + " done (" + strings.Repeat("!", i) + ")" // each a shape of its own
		records = append(records, repeated(40, -10, 10, 0, body)...)
		records = append(records, repeated(60, 0, 5, 0, body)...) // three times as many a minute
	}
	records = append(records, repeated(40, -10, 10, 0, "stored")...)
	records = append(records, repeated(20, 0, 5, 0, "stored")...) // as many a minute as before
	_, client := clickhouseClient(t, records...)
	d, err := evidence.PatternDiff(t.Context(), client, logs.Query{}, tenBefore, fiveDuring, evidence.PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"less! 40 20 stored"}, changes(d)); diff != "" || math.Abs(d.Traffic-3) > 1e-9 {
		t.Errorf("traffic %v\n%s", d.Traffic, diff)
	}
}

func TestPatternDiffRatesThePartThatWasRead(t *testing.T) {
	t.Parallel()
	var records []logs.Record
	records = append(records, repeated(50, -10, 10, 0, "steady")...)
	records = append(records, repeated(100, 0, 5, 0, "steady")...)
	server, client := clickhouseClient(t, records...)
	d, err := evidence.PatternDiff(t.Context(), client, logs.Query{Limit: 50}, tenBefore, fiveDuring, evidence.PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Outcome != base.Truncated || d.During.Duration() > 3*time.Minute || d.Before != tenBefore || len(d.Stats.Notes) == 0 {
		t.Errorf("%+v", d)
	}
	if diff := cmp.Diff([]string{"more! 50 50 steady"}, changes(d)); diff != "" {
		t.Error(diff)
	}
	server.Fail(fault.Error(241, "memory limit exceeded"), -1)
	if d, err := evidence.PatternDiff(t.Context(), client, logs.Query{}, tenBefore, fiveDuring, evidence.PatternOptions{}); err == nil || d.Outcome != base.Failed {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestPatternDiffOfNothingIsNoData(t *testing.T) {
	t.Parallel()
	_, client := clickhouseClient(t)
	d, err := evidence.PatternDiff(t.Context(), client, logs.Query{}, tenBefore, fiveDuring, evidence.PatternOptions{})
	if err != nil || d.Outcome != base.NoData || d.Changes == nil {
		t.Errorf("%+v, %v", d, err)
	}
}
