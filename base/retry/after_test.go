package retry_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/retry"
)

var noon = time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)

func after(values ...string) http.Header { return http.Header{"Retry-After": values} }

func TestAfterReadsEveryFormThatServersWrite(t *testing.T) {
	t.Parallel()
	in := noon.Add(90 * time.Second)
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
		ok     bool
	}{
		"seconds":                  {after("2"), 2 * time.Second, true},
		"zero":                     {after("0"), 0, true},
		"a fraction":               {after("1.5"), 1500 * time.Millisecond, true},
		"spaces around":            {after("  7 "), 7 * time.Second, true},
		"RFC 1123":                 {after(in.Format(http.TimeFormat)), 90 * time.Second, true},
		"RFC 850":                  {after(in.Format("Monday, 02-Jan-06 15:04:05 GMT")), 90 * time.Second, true},
		"asctime":                  {after(in.Format(time.ANSIC)), 90 * time.Second, true},
		"a past date":              {after(noon.Add(-time.Hour).Format(http.TimeFormat)), 0, true},
		"the end of the calendar":  {after("Fri, 31 Dec 9999 23:59:59 GMT"), math.MaxInt64, true},
		"negative":                 {after("-1"), 0, true},
		"negative and huge":        {after("-1e300"), 0, true},
		"an exponent":              {after("1e10"), math.MaxInt64, true},
		"a day":                    {after("86400"), 24 * time.Hour, true},
		"just over int64":          {after("9223372037"), math.MaxInt64, true},
		"over every integer":       {after("99999999999999999999"), math.MaxInt64, true},
		"over every float":         {after(strings.Repeat("9", 400)), math.MaxInt64, true},
		"under every float":        {after("-" + strings.Repeat("9", 400)), 0, true},
		"words":                    {after("abc"), 0, false},
		"empty":                    {after(""), 0, false},
		"inf":                      {after("inf"), 0, false},
		"nan":                      {after("NaN"), 0, false},
		"hexadecimal":              {after("0x10"), 0, false},
		"digits with signs only":   {after("+-e."), 0, false},
		"none":                     {http.Header{}, 0, false},
		"no header at all":         {nil, 0, false},
		"two headers":              {after("3", "9"), 9 * time.Second, true},
		"a good and a bad one":     {after("abc", "4"), 4 * time.Second, true},
		"a number and a date":      {after("30", in.Format(http.TimeFormat)), 90 * time.Second, true},
		"milliseconds":             {http.Header{"Retry-After-Ms": {"250"}}, 250 * time.Millisecond, true},
		"milliseconds win":         {http.Header{"Retry-After-Ms": {"1250"}, "Retry-After": {"2"}}, 1250 * time.Millisecond, true},
		"bad milliseconds do not":  {http.Header{"Retry-After-Ms": {"soon"}, "Retry-After": {"2"}}, 2 * time.Second, true},
		"milliseconds twice":       {http.Header{"Retry-After-Ms": {"900", "250"}}, 900 * time.Millisecond, true},
		"spaces around a date":     {after("  " + in.Format(http.TimeFormat) + " "), 90 * time.Second, true},
		"milliseconds of all time": {http.Header{"Retry-After-Ms": {"1e300"}}, math.MaxInt64, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := retry.After(c.header, noon)
			if got != c.want || ok != c.ok {
				t.Errorf("got %s, %t; want %s, %t", got, ok, c.want, c.ok)
			}
		})
	}
}

func FuzzAfter(f *testing.F) {
	for _, seed := range []string{
		"2", "1.5", "-1", "1e10", "abc", "", "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "9223372037", "0x1p-2", "1e-400",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, seconds, millis string) {
		wait, ok := retry.After(after(seconds), noon)
		if wait < 0 || (!ok && wait != 0) {
			t.Errorf("%q: %s, %t", seconds, wait, ok)
		}
		both, ok := retry.After(http.Header{"Retry-After": {seconds}, "Retry-After-Ms": {millis}}, noon)
		if both < 0 || (!ok && both != 0) {
			t.Errorf("%q and %q: %s, %t", seconds, millis, both, ok)
		}
		if twice, _ := retry.After(after(seconds, seconds), noon); twice != wait {
			t.Errorf("%q: once %s, twice %s", seconds, wait, twice)
		}
	})
}

func ExampleAfter() {
	wait, ok := retry.After(http.Header{"Retry-After": {"1.5"}}, time.Now())
	fmt.Println(wait, ok)
	// Output: 1.5s true
}
