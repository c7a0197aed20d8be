package incident_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/incident"
)

// recorded is the folder of recorded incidents beside the project.
const recorded = "../../../shared/data/incidents"

// bad are the rows of recorded incidents in which two writers met.
var bad = map[string][]int{"C5-exception/10_06_log.csv.gz": {631, 760}}

func TestIncidentCasesAreReadWhole(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(recorded); err != nil {
		t.Skipf("the recorded incidents are not here: %v", err)
	}
	folders, err := filepath.Glob(filepath.Join(recorded, "[CD][0-9]*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("%d cases in %s, %v", len(folders), recorded, err)
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			c, err := incident.Read(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range c.Files {
				if diff := cmp.Diff(bad[c.Name+"/"+f.Name], f.BadLines); diff != "" || f.Rows == 0 {
					t.Errorf("%s: %d rows, bad lines: %s", f.Name, f.Rows, diff)
				}
			}
			if len(c.Spans) == 0 || c.Window.Duration().Minutes() > 5 || c.Window.Duration().Seconds() < 30 {
				t.Errorf("%d spans in %v", len(c.Spans), c.Window)
			}
			for _, l := range c.Logs {
				if l.Severity == 0 || !c.Window.Contains(l.Time) || l.TraceID == "" {
					t.Fatalf("%+v", l)
				}
			}
			if _, err := incident.ReadTruth(filepath.Join(dir, "truth.json")); err != nil {
				t.Error(err)
			}
		})
	}
}
