package graph_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/graph"
)

// A caller of these has no field name, which an error of FindSymbols is about.
func TestAnEmptySymbolIsNamedByItsOwnField(t *testing.T) {
	t.Parallel()
	c := newClient(t, fake(t).Config())
	for want, ask := range map[string]func(symbol string) error{
		"Callers: invalid: symbol: empty": func(s string) error { _, err := c.Callers(t.Context(), code.CallsQuery{Symbol: s}); return err },
		"Callees: invalid: symbol: empty": func(s string) error { _, err := c.Callees(t.Context(), code.CallsQuery{Symbol: s}); return err },
		"CallPath: invalid: from: empty": func(s string) error {
			_, err := c.CallPath(t.Context(), graph.PathQuery{From: s, To: "EtaService"})
			return err
		},
		"CallPath: invalid: to: empty": func(s string) error {
			_, err := c.CallPath(t.Context(), graph.PathQuery{From: "EtaService", To: s})
			return err
		},
		"Flow: invalid: entry: empty": func(s string) error { _, err := c.Flow(t.Context(), graph.FlowQuery{Entry: s}); return err },
	} {
		for _, symbol := range []string{"", " ", "#"} {
			if err := ask(symbol); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %s", symbol, err, want)
			}
		}
	}
}
