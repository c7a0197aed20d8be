package main

import (
	"fmt"
	"strings"
	"testing"
)

const passing = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestIncidentScores"}
{"Action":"run","Package":"p","Test":"TestIncidentScores/C0"}
{"Action":"pass","Package":"p","Test":"TestIncidentScores/C0"}
{"Action":"pass","Package":"p","Test":"TestIncidentScores/C1"}
{"Action":"pass","Package":"p","Test":"TestIncidentScores"}
{"Action":"pass","Package":"p","Test":"TestContract"}
{"Action":"skip","Package":"p","Test":"TestOther"}
{"Action":"pass","Package":"p"}
`

func TestTheTallyJudgesARun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, events string
		shared       bool
		problem      string // part of the verdict, empty for none
	}{
		{"everything passed", passing, true, ""},
		{"nothing ran without input", `{"Action":"pass","Package":"p"}`, false, ""},
		{"nothing ran with input", `{"Action":"pass","Package":"p"}`, true, "no contract or incident test ran"},
		{"a skip without input", passing + `{"Action":"skip","Package":"p","Test":"TestIncidentX"}`, false, ""},
		{"a skip with input", passing + `{"Action":"skip","Package":"p","Test":"TestIncidentX"}`, true, "1 tests skipped"},
		{"a skipped subtest with input", passing + `{"Action":"skip","Package":"p","Test":"TestContract/x"}`, true, "1 tests skipped"},
		{"a failure", passing + `{"Action":"fail","Package":"p","Test":"TestContractX"}`, false, "1 contract tests failed"},
		{"a test that never ended", passing + `{"Action":"run","Package":"p","Test":"TestContractX"}`, false, "1 contract tests failed"},
		{"a package that does not build", passing + `{"Action":"fail","Package":"q"}`, false, "packages failed: q"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all, err := read(strings.NewReader(test.events))
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(all.verdict(test.shared))
			if test.problem == "" && got != "<nil>" || !strings.Contains(got, test.problem) {
				t.Errorf("verdict %s, want %q", got, test.problem)
			}
		})
	}
}

func TestTheTallyCountsSubtestsInsteadOfTheirParents(t *testing.T) {
	t.Parallel()
	all, err := read(strings.NewReader(passing))
	if err != nil {
		t.Fatal(err)
	}
	const want = "contract tests: 1 ran, 0 of them failed; 0 skipped\nincident tests: 2 ran, 0 of them failed; 0 skipped\n"
	if got := all.report(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestTextThatIsNoEventIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := read(strings.NewReader("# build failed\n")); err == nil {
		t.Error("no error")
	}
}
