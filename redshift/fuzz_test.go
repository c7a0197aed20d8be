package redshift

import (
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

func FuzzTimesAreReadAsGoReadsThem(f *testing.F) {
	for _, seed := range []string{"2024-02-29 12:34:56", "2024-02-29 12:34:56.000001+05:30", "0001-01-01 00:00:00", "infinity", "0044-03-15 BC", "10000-01-01 00:00:00", "2024-02-29", "0000-01-01 0:00:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTime([]byte(text))
		want, wantErr := time.Parse("2006-01-02 15:04:05.999999999", text)
		asWritten := strings.HasPrefix(text, want.Format(time.DateTime)) // Go reads an hour of one digit, which no server writes
		if wantErr == nil && asWritten && want.Nanosecond()%1000 == 0 && strings.IndexByte(text, ',') < 0 && len(text) <= 26 && (err != nil || got != want.UnixMicro()) {
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

func FuzzTheWatchJudgesAStreamAsItJudgesItsPieces(f *testing.F) {
	f.Add([]byte("S\x00\x00\x00\x08a\x00b\x00Z\x00\x00\x00\x05I"), uint8(3))
	f.Add([]byte("R\x00\x00\x00\x0d\x00\x00\x00\x0br=,i=9"), uint8(1))
	f.Add([]byte("T\x00\x00\x00\x06\x00\x00D\x00\x00\x00\x06\x00\x00C\x00\x00\x00\x05\x00Z\x00\x00\x00\x05I"), uint8(7))
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		var whole, pieces watch
		whole.asked.Store(true)
		pieces.asked.Store(true)
		want := whole.see(stream)
		var got error
		for rest := stream; len(rest) > 0 && got == nil; {
			n := min(len(rest), int(size)+1)
			got, rest = pieces.see(rest[:n]), rest[n:]
		}
		if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
			t.Errorf("in pieces %v, whole %v", got, want)
		}
		if n := cap(whole.body) + len(whole.settings); n > 2*maxSpoken {
			t.Errorf("%d bytes are kept", n)
		}
	})
}
