package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/race"
)

// recordedIncidents is the folder of recorded incidents beside the project.
const recordedIncidents = "../../../shared/data/incidents"

// baselines are the recordings of healthy time that go with a case.
var baselines = map[string]string{"C1": "C0", "C2": "C0", "C3": "C0", "C4": "C0", "C5": "C0", "D1": "D0", "D2": "D0", "D3": "D0", "D4": "D0", "D5": "D0"}

// wanted are the scores that may not be missed.
var wanted = map[string]int{"C0": 100, "C1": 85, "C2": 85, "C3": 85, "D0": 100, "D2": 85}

func incidentFolder(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(recordedIncidents, name+"-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d folders of %s, %v", len(found), name, err)
	}
	return found[0]
}

func requireIncidents(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(recordedIncidents); err != nil {
		t.Skipf("the recorded incidents are not here: %v", err)
	}
}

// scored runs a case in both forms and gives the score that was printed and the JSON form.
func scored(t *testing.T, name string) (score int, report []byte) {
	t.Helper()
	dir := incidentFolder(t, name)
	args := []string{"-case", dir, "-truth", filepath.Join(dir, "truth.json"), "-format", "json"}
	if b := baselines[name]; b != "" {
		args = append(args, "-baseline", incidentFolder(t, b))
	}
	got := try(t, t.Context(), args...)
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
	found := regexp.MustCompile(`score: (\d+) of 100`).FindStringSubmatch(got.stderr)
	if found == nil {
		t.Fatalf("no score in %s", got.stderr)
	}
	decode(t, got.stdout)
	return number(t, found[1]), []byte(got.stdout)
}

// Each case is run once: its score must be the one that the script gives the same report, and high enough.
func TestIncidentScores(t *testing.T) {
	requireIncidents(t)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("the script that scores needs python3: %v", err)
	}
	for _, name := range casesToScore() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			score, report := scored(t, name)
			if theirs := byScript(t, python, name, report); theirs != score {
				t.Errorf("ours is %d, the script says %d", score, theirs)
			}
			if score < wanted[name] {
				t.Errorf("%d, at least %d is wanted", score, wanted[name])
			}
			t.Logf("%d of 100", score)
		})
	}
}

// casesToScore are all where the tests of incidents were asked for by name, as CI does, and else enough of them.
func casesToScore() []string {
	switch asked := flag.Lookup("test.run").Value.String(); {
	case race.Enabled: // ten times as slow, and the first cases run all of the code
		return []string{"C0", "C1", "C2"}
	case strings.Contains(asked, "Incident"):
		return []string{"C0", "C1", "C2", "C3", "C4", "C5", "D0", "D1", "D2", "D3", "D4", "D5"}
	}
	return []string{"C0", "C1", "C2", "C3"}
}

func byScript(t *testing.T, python, name string, report []byte) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, report, 0o600); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(recordedIncidents, "score.py")
	out, err := exec.CommandContext(t.Context(), python, script, incidentFolder(t, name), path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return number(t, strings.Fields(string(out))[0])
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
