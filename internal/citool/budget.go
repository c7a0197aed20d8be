package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// budget is a bound that a benchmark must keep. Of several runs the best counts: a busy machine makes code slower, never
// faster.
type budget struct {
	benchmark string // as go test prints it, without the number of processors
	unit      string
	least     bool // the figure must be at least the bound; otherwise at most
	bound     float64
}

// budgets are the bounds of the project.
var budgets = []budget{
	{"BenchmarkGuard/success", "allocs/op", false, 0},
	{"BenchmarkGuard/timeout", "allocs/op", false, 2},
	{"BenchmarkGuard/ratios", "failsafe/success", true, 6},
	{"BenchmarkGuard/ratios", "fastfail/gobreaker_open", false, 1},
	{"BenchmarkSign", "ratio", false, 1.5},
}

// figures are the figures of each benchmark and unit, one for each run.
type figures map[[2]string][]float64

var processors = regexp.MustCompile(`-[0-9]+$`)

// measure reads what go test -bench prints. Lines that are no result are left alone.
func measure(r io.Reader) (figures, error) {
	all := figures{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := processors.ReplaceAllString(fields[0], "")
		for i := 2; i+1 < len(fields); i += 2 {
			n, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("not a result of go test -bench: %q", lines.Text())
			}
			key := [2]string{name, fields[i+1]}
			all[key] = append(all[key], n)
		}
	}
	return all, lines.Err()
}

// check says how each budget fares, and is an error where one is missed or was not measured.
func (all figures) check(budgets []budget) (string, error) {
	var report strings.Builder
	var problems []error
	for _, b := range budgets {
		runs := all[[2]string{b.benchmark, b.unit}]
		if len(runs) == 0 {
			problems = append(problems, fmt.Errorf("%s %s was not measured", b.benchmark, b.unit))
			continue
		}
		best, sign := runs[0], "<="
		for _, n := range runs {
			if n > best == b.least {
				best = n
			}
		}
		if b.least {
			sign = ">="
		}
		fmt.Fprintf(&report, "%-24s %-24s %8.2f %s %g\n", b.benchmark, b.unit, best, sign, b.bound)
		if best < b.bound == b.least && best != b.bound {
			problems = append(problems, fmt.Errorf("%s %s is %.2f, the budget %s %g", b.benchmark, b.unit, best, sign, b.bound))
		}
	}
	return report.String(), errors.Join(problems...)
}
