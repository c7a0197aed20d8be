package basetest

import (
	"testing"
	"time"
)

// SetPatience shortens what the suite waits for in vain. Call it before any row runs.
func SetPatience(d time.Duration) { patience = d }

// RowsOf are the ids of all rows, and whether each concerns the family.
func RowsOf(f Family) map[string]bool {
	all := map[string]bool{}
	for _, r := range rows() {
		all[r.id] = r.family == nil || r.family(f) == ""
	}
	return all
}

// ReasonOf is why a row does not concern the family; empty if it does.
func ReasonOf(id string, f Family) string {
	for _, r := range rows() {
		if r.id == id && r.family != nil {
			return r.family(f)
		}
	}
	return ""
}

// CheckRow runs one row.
func CheckRow(t testing.TB, id string, h Harness) {
	for _, r := range rows() {
		if r.id == id {
			r.check(t, h)
		}
	}
}
