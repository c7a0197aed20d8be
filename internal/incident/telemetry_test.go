package incident

import (
	"strings"
	"testing"
)

// No cell makes a row that has no time, no service, or a duration below zero.
func FuzzRowsAreGoodOrRefused(f *testing.F) {
	f.Add("1700000000000000000", "1700000000250000000", "cart-7d8f9b6c54-x2k9q", "t", `{"log":"10:00 WARN x\n"}`, "2.5")
	f.Add("1700000000000000000", "1", "-", "", `{"log":1}`, "NaN")
	f.Add("", "9223372036854775807", "\x00", "root", "{", "1e999")
	f.Fuzz(func(t *testing.T, start, end, podName, id, cell, value string) {
		r := reader{pods: map[string]pod{}, places: map[string]map[string]string{}, lines: map[lineKey]bool{}, spans: map[spanKey]bool{}}
		_, logErr := r.log(row{logColumns.required, []string{start, podName, id, id, cell, podName, id, end}})
		_, spanErr := r.span(row{spanColumns.required, []string{id, id, id, podName, cell, start, end, value}})
		header := []string{"TimeStamp", "PodName", "Time", "CpuUsage(m)"}
		_, pointErr := r.points(row{header, []string{strings.TrimSuffix(start, "000000000"), podName, "", value}})
		r.finish()
		if (logErr == nil) != (len(r.c.Logs) == 1) || (spanErr == nil) != (len(r.c.Spans) == 1) || pointErr != nil && len(r.c.Metrics) > 0 {
			t.Fatalf("%v, %v, %v: %+v", logErr, spanErr, pointErr, r.c)
		}
		for _, l := range r.c.Logs {
			if l.Time.Year() < 2000 || l.Service == "" && strings.TrimSpace(podName) != "" || l.Resources[PodKey] != podName {
				t.Fatalf("%+v", l)
			}
		}
		for _, s := range r.c.Spans {
			if s.Duration < 0 || s.ParentID == rootParent {
				t.Fatalf("%+v", s)
			}
		}
	})
}
