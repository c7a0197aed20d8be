package main

import (
	"maps"
	"testing"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/internal/canary"
)

// Servers may repeat what they were shown, and a report holds what they say.
func TestNoSecretShowsInAReport(t *testing.T) {
	t.Parallel()
	l, planted := startLive(t), canary.New(t.Name())
	l.clickhouse.SetPassword("reader", planted.ASCII("CLICKHOUSE_PASSWORD"))
	planted.Plant("FK_API_SECRET", fkapitest.Secret)
	wrong := planted.Token("a wrong secret")
	right := maps.Clone(l.env)
	right["CLICKHOUSE_USER"], right["CLICKHOUSE_PASSWORD"] = "reader", wrong
	search := func(what string, env map[string]string) {
		for _, format := range []string{"markdown", "json"} {
			got := tryWith(t, t.Context(), env, "-load", liveID, "-format", format)
			for _, leak := range append(planted.Sweep(what+" as "+format, got.stdout), planted.Sweep("what is told of "+what, got.stderr)...) {
				t.Error(leak)
			}
			if got.code != 0 {
				t.Errorf("%s: exit %d: %s", what, got.code, got.stderr)
			}
		}
	}
	search("a report with a wrong secret", right)
	l.clickhouse.SetPassword("reader", wrong)
	search("a report", right)
	l.clickhouse.Fail(fault.Error(241, "refused: "+wrong), -1)
	search("a report of a server that repeats what it saw", right)
	if tally := planted.Tally(); tally.Texts != 12 {
		t.Errorf("too little was searched: %s", tally)
	} else {
		t.Log(tally)
	}
}
