package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// families are the tests that are counted, by the start of their names.
var families = []string{"Contract", "Incident"}

// event is what go test -json prints, as far as it matters here.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// test is one test or subtest and how it ended.
type test struct {
	family, action string
	output         strings.Builder
}

// tally is how all tests ended.
type tally struct {
	tests  map[string]*test // by package and name
	broken []string         // packages that failed outside of a test
	build  strings.Builder  // what the compiler said
}

// read takes every event until the end. A line that is no event, as of a failed build, is an error.
func read(r io.Reader) (*tally, error) {
	all := &tally{tests: map[string]*test{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("not an event of go test -json: %q", lines.Text())
		}
		all.add(e)
	}
	return all, lines.Err()
}

func (all *tally) add(e event) {
	switch {
	case e.Action == "build-output":
		all.build.WriteString(e.Output)
	case e.Test == "" && e.Action == "fail":
		all.broken = append(all.broken, e.Package)
	}
	if e.Test == "" {
		return
	}
	key := e.Package + " " + e.Test
	one := all.tests[key]
	if one == nil {
		one = &test{family: family(e.Test)}
		all.tests[key] = one
	}
	switch e.Action {
	case "output":
		one.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		one.action = e.Action
	}
}

func family(name string) string {
	for _, f := range families {
		if strings.HasPrefix(name, "Test"+f) {
			return f
		}
	}
	return ""
}

// count returns how the tests of a family ended. A test with subtests counts as its subtests, unless it skipped or
// failed by itself; one that never ended counts as failed.
func (all *tally) count(family string) (passed, failed, skipped int) {
	for key, one := range all.tests {
		switch {
		case one.family != family:
		case one.action == "skip":
			skipped++
		case one.action == "pass" && !all.parent(key):
			passed++
		case one.action != "pass" && !all.parent(key):
			failed++
		}
	}
	return passed, failed, skipped
}

func (all *tally) parent(key string) bool {
	for other := range all.tests {
		if strings.HasPrefix(other, key+"/") {
			return true
		}
	}
	return false
}

// report tells the reasons of what did not pass, and the counts.
func (all *tally) report() string {
	var text strings.Builder
	text.WriteString(all.build.String())
	for _, key := range slices.Sorted(maps.Keys(all.tests)) {
		if one := all.tests[key]; one.action != "pass" && one.family != "" {
			text.WriteString(key + "\n" + one.output.String())
		}
	}
	for _, name := range families {
		passed, failed, skipped := all.count(name)
		fmt.Fprintf(&text, "%s tests: %d ran, %d of them failed; %d skipped\n",
			strings.ToLower(name), passed+failed, failed, skipped)
	}
	return text.String()
}

// verdict is the error of a run that must not pass.
func (all *tally) verdict(sharedIsThere bool) error {
	var problems []error
	ran, skips := 0, 0
	for _, name := range families {
		passed, failed, skipped := all.count(name)
		ran += passed + failed
		skips += skipped
		if failed > 0 {
			problems = append(problems, fmt.Errorf("%d %s tests failed", failed, strings.ToLower(name)))
		}
	}
	if len(all.broken) > 0 {
		problems = append(problems, fmt.Errorf("packages failed: %s", strings.Join(all.broken, ", ")))
	}
	if sharedIsThere && skips > 0 {
		problems = append(problems, fmt.Errorf("%d tests skipped although their input is there", skips))
	}
	if sharedIsThere && ran == 0 {
		problems = append(problems, errors.New("no contract or incident test ran although their input is there"))
	}
	return errors.Join(problems...)
}
