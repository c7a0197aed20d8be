package trino

import (
	"encoding/json"
	"strings"
	"testing"
)

// A page is decoded without a crash whatever it holds; what is accepted is JSON that encoding/json reads the same.
func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"id":"x","nextUri":"http://h/v1","columns":[{"name":"a","type":"bigint"},{"name":"b","type":"varchar"}],"data":[[1,"x\u00e9"],[null,null]],"stats":{"state":"RUNNING"}}`))
	f.Add([]byte(`{"columns":[{"name":"a","type":"map(varchar, array(row(x double, y timestamp(3))))"}],"data":[[{"k":[[1.5,"2020-01-01 00:00:00.000"]]}]]}`))
	f.Add([]byte(`{"columns":[{"name":"a","type":"date"}],"data":{"encoding":"json+zstd","segments":[{"type":"inline","data":"AA==","metadata":{}}]}}`))
	f.Add([]byte(`{"error":{"message":"m","errorName":"X","errorCode":1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var tab table
		p, err := parsePage(b, &tab)
		if err != nil {
			return
		}
		if p.rows > 0 {
			batch := tab.batch(p.rows)
			for i := range batch.Len() {
				_ = batch.Row(i).Map()
			}
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{`"a"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\\\"\/\b"`, `"\x"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := (&input{b: []byte(s)}).text(nil)
		var want string
		if json.Unmarshal([]byte(s), &want) != nil || strings.ContainsRune(want, '\uFFFD') {
			return
		}
		if err != nil || string(got) != want {
			t.Errorf("%q: %q %v, want %q", s, got, err, want)
		}
	})
}

func FuzzType(f *testing.F) {
	for _, c := range []string{`row(x bigint, "a "" b" map(varchar, array(double)))`, "decimal(38, 2)", "timestamp(3) with time zone", "row(", `row("`, "array(,)"} {
		f.Add(c)
	}
	f.Fuzz(func(_ *testing.T, name string) {
		if c, err := newCell(name, &kinds{}, 0); err == nil {
			c.null()
			_ = c.vector().Value(0)
		}
	})
}
