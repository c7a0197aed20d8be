package incident

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARowMayGoOverLines(t *testing.T) {
	t.Parallel()
	r := newRecords(strings.NewReader("\"a\nb\",1\r\nc,2\n\"open,3\nd,4"))
	want := []record{
		{line: 1, cells: []string{"a\nb", "1"}},
		{line: 3, cells: []string{"c", "2"}},
		{line: 4, problem: errOpenQuote},
		{line: 5, cells: []string{"d", "4"}},
	}
	for _, w := range want {
		got, err := r.next(2)
		if err != nil || got.line != w.line || !errors.Is(got.problem, w.problem) {
			t.Errorf("%+v, %v", got, err)
		}
		if diff := cmp.Diff(w.cells, got.cells); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := r.next(2); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// What encoding/csv reads without an error, records read alike.
func FuzzRecordsReadWhatCSVReads(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n\n\"x\ny\",", "\"", "a\"b,c\n", ",\n,", "\"a\" ,b\nc,d\n", "\r\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reference := csv.NewReader(strings.NewReader(text))
		reference.FieldsPerRecord = -1
		want, err := reference.ReadAll()
		if err != nil || strings.Count(text, "\n") >= maxJoined || strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), "\r") {
			want = nil
		}
		var got [][]string
		r := newRecords(strings.NewReader(text))
		for last := 0; ; {
			record, readErr := r.next(0)
			if readErr != nil {
				break
			}
			if record.line <= last {
				t.Fatalf("line %d after line %d", record.line, last)
			}
			last = record.line
			if record.problem != nil {
				if want != nil {
					t.Fatalf("line %d: %v, encoding/csv reads it as %q", record.line, record.problem, want)
				}
				continue
			}
			got = append(got, record.cells)
		}
		if want != nil {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
