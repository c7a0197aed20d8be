package confluencetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/confluence"
)

func TestAncestorsAreAllPagesAboveAndAParentIsTheNearest(t *testing.T) {
	t.Parallel()
	server := started(t)
	root := server.AddPage(confluence.Page{Title: "Root"})
	middle := server.AddPage(confluence.Page{Title: "Middle", ParentID: root})
	server.AddPage(confluence.Page{Title: "Leaf", ParentID: middle})
	server.AddPage(confluence.Page{ID: "7", Title: "Egg", ParentID: "8"})
	server.AddPage(confluence.Page{ID: "8", Title: "Hen", ParentID: "7"})
	server.AddPage(confluence.Page{Title: "Orphan", ParentID: "404"})
	for cql, want := range map[string]string{
		"ancestor = " + root:                        "Middle Leaf",
		"ancestor in (" + middle + ", 404)":         "Leaf Orphan",
		"parent = " + root:                          "Middle",
		"ancestor != " + root + " and title ~ Leaf": "",
		"ancestor = 7":                              "Egg Hen",
	} {
		if got := titles(t, server, cql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", cql, got, want)
		}
	}
}

func TestAnOrderMayHaveSeveralFields(t *testing.T) {
	t.Parallel()
	server := started(t)
	at := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, title := range []string{"B", "A", "C"} {
		server.AddPage(confluence.Page{Title: title, Created: at})
	}
	server.AddPage(confluence.Page{Title: "A", Created: at.Add(time.Hour)})
	for order, want := range map[string]string{
		"created, title":                "A B C A",
		"created desc, title desc":      "A C B A",
		"title asc, lastmodified desc":  "A A B C",
		"created,":                      "refused",
		"created title":                 "refused",
		"title, colour":                 "refused",
		"title, title, created, title ": "A A B C",
	} {
		if got := titles(t, server, "type = page ORDER BY "+order); got != want {
			t.Errorf("%s:\n got %s\nwant %s", order, got, want)
		}
	}
}

func TestAComparisonThatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(confluence.Page{Title: "Alpha", Created: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)})
	for _, cql := range []string{
		`created ~ "2025-03-01"`,
		`created in ("2025-03-01", "2025-03-02")`,
		`created << "2025-03-01"`,
		`created > now("-4w")`,
		"space not = OPS",
		"title not ~ alpha",
		"space ~ OPS",
		"label > x",
		"type = page AND",
		"NOT",
		"title = alpha ORDER BY",
		"title ~ x" + strings.Repeat(" OR title ~ x", 1000),
		strings.Repeat("NOT ", 100) + "type = page",
	} {
		if got := titles(t, server, cql); got != "refused" {
			t.Errorf("%.60s: got %s", cql, got)
		}
	}
}
