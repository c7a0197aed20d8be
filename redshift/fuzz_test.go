package redshift

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func FuzzStatementsThatPassBeginWithAWordThatReads(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "/* x */ select ';'", "EXPLAIN (COSTS) SELECT 1", "WITH x AS (SELECT $$;$$) SELECT 1;", "$a$;$a$", "E'\\'", "((SELECT", "--\r\nSELECT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if checkReading(sql) != nil {
			return
		}
		words := &scanner{rest: sql}
		first, err := words.next()
		for err == nil && first == "(" {
			first, err = words.next()
		}
		if err != nil || !strings.Contains(" SELECT WITH SHOW EXPLAIN ", " "+strings.ToUpper(first)+" ") {
			t.Errorf("%q passes and begins with %q", sql, first)
		}
	})
}

func FuzzShortFloatsAreReadAsGoReadsThem(f *testing.F) {
	for _, seed := range []string{"0", "-0", "0.5", "-12345.678", "999999999999999", ".5", "5.", "1e3", "NaN", "", "-", ".", "0.00000000000001", "123456789.12345"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := shortFloat([]byte(text))
		if !ok {
			return
		}
		if want, err := strconv.ParseFloat(text, 64); err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q: %v and not %v, %v", text, got, want, err)
		}
	})
}

func FuzzTimesAreReadAsGoReadsThem(f *testing.F) {
	for _, seed := range []string{"2024-02-29 12:34:56", "2024-02-29 12:34:56.000001+05:30", "0001-01-01 00:00:00", "infinity", "0044-03-15 BC", "10000-01-01 00:00:00", "2024-02-29"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTime([]byte(text))
		want, wantErr := time.Parse("2006-01-02 15:04:05.999999999", text)
		if wantErr == nil && want.Nanosecond()%1000 == 0 && strings.IndexByte(text, ',') < 0 && len(text) <= 26 && (err != nil || got != want.UnixMicro()) {
			t.Errorf("%q: %d %v, want %d", text, got, err, want.UnixMicro())
		}
		_, _ = parseDate([]byte(text))
	})
}

func FuzzCursorsAreRefusedUnlessTheyAreOurs(f *testing.F) {
	bound := EventsQuery{TrackingID: "7"}.binding()
	f.Add(encodeCursor(bound, place{time.UnixMicro(1), 3}))
	f.Fuzz(func(t *testing.T, cursor string) {
		at, err := decodeCursor(bound, cursor)
		if err == nil && encodeCursor(bound, at) != cursor {
			t.Errorf("%q is read as %v", cursor, at)
		}
	})
}
