package main

import (
	"fmt"
	"strings"
	"testing"
)

const measured = `goos: linux
BenchmarkGuard/success-2         	 9000	       148.2 ns/op	       0 B/op	       0 allocs/op
BenchmarkGuard/success-2         	 9000	       950.0 ns/op	       0 B/op	       0 allocs/op
BenchmarkGuard/ratios-2          	    1	         0 ns/op	         9.5 failsafe/success	         0.61 fastfail/gobreaker_open
BenchmarkGuard/ratios-2          	    1	         0 ns/op	         5.5 failsafe/success	         1.20 fastfail/gobreaker_open
PASS
`

func TestBudgetsAreCheckedByTheBestRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		budget  budget
		problem string // empty for none
	}{
		{"at most, kept", budget{"BenchmarkGuard/success", "ns/op", false, 150}, ""},
		{"at most, missed", budget{"BenchmarkGuard/success", "ns/op", false, 100}, "is 148.20, the budget <= 100"},
		{"at most, met exactly", budget{"BenchmarkGuard/success", "allocs/op", false, 0}, ""},
		{"at least, kept", budget{"BenchmarkGuard/ratios", "failsafe/success", true, 6}, ""},
		{"at least, missed", budget{"BenchmarkGuard/ratios", "failsafe/success", true, 10}, "is 9.50, the budget >= 10"},
		{"at least, met exactly", budget{"BenchmarkGuard/ratios", "failsafe/success", true, 9.5}, ""},
		{"the best of a ratio", budget{"BenchmarkGuard/ratios", "fastfail/gobreaker_open", false, 1}, ""},
		{"no such benchmark", budget{"BenchmarkSign", "ratio", false, 1.5}, "BenchmarkSign ratio was not measured"},
		{"no such unit", budget{"BenchmarkGuard/success", "ratio", false, 1}, "was not measured"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all, err := measure(strings.NewReader(measured))
			if err != nil {
				t.Fatal(err)
			}
			report, err := all.check([]budget{c.budget})
			got := fmt.Sprint(err)
			if c.problem == "" && err != nil || c.problem != "" && !strings.Contains(got, c.problem) {
				t.Errorf("verdict %s, want %q\n%s", got, c.problem, report)
			}
		})
	}
}

func TestEveryBudgetIsChecked(t *testing.T) {
	t.Parallel()
	_, err := figures{}.check(budgets)
	if n := strings.Count(fmt.Sprint(err), "was not measured"); n != len(budgets) {
		t.Errorf("%d of %d budgets were missed: %v", n, len(budgets), err)
	}
}

func TestAResultThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := measure(strings.NewReader("BenchmarkX-2 10 many ns/op\n")); err == nil {
		t.Error("no error")
	}
}
