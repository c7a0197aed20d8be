package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/internal/markdown"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outcome is what a run printed and its exit code.
type outcome struct {
	stdout, stderr string
	code           int
}

func try(t *testing.T, ctx context.Context, env map[string]string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, env, time.Now(), &stdout, &stderr)
	return outcome{stdout.String(), stderr.String(), code}
}

func decode(t *testing.T, text string) life {
	t.Helper()
	var l life
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq("tracking_id window stops events validation_attempts carrier_files load_files days history asked not_seen") {
		if v := string(fields[name]); v == "" || v == "null" {
			t.Errorf("%s is %q", name, v)
		}
	}
	return l
}

// rows are outcome and number found of each question, by its source.
func rows(l life) map[string]string {
	all := map[string]string{}
	for _, a := range l.Asked {
		all[a.Source+": "+a.Question] = a.Outcome
	}
	return all
}

func TestTheDemoTellsAWholeLife(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), nil)
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
	if err := markdown.Check(got.stdout); err != nil {
		t.Error(err)
	}
	text := markdown.Unwrapped(got.stdout)
	var headings []string
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(line, "#"); ok {
			headings = append(headings, strings.TrimSpace(heading))
		}
	}
	want := []string{
		"Load LPX20551904, tracking id 482920031", "# What happened, and when", "# Day by day, from the history in Trino", "# Details", "## The load", "## Stops",
		"## Validation attempts", "## Files", "## The relationship, as the warehouse has it", "## Do the sources agree what the load is?",
		"## Which source answered, how fast, and how old", "## Not seen",
	}
	if diff := cmp.Diff(want, headings); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{
		"\n\nDemo: the load, the companies and the services are made up.",
		"- **Delivered**, says tracking; redshift differs in status\n",
		"- creation and updates: 3 validation attempts, **2 failed**, the last with: carrier NFHX is not known\n",
		"- **late** at Quail Run Markets, Sparks 85 min\n", "- callbacks to the customer: 4 delivered, **2 not**\n",
		"3 attempts: 1 succeeded, 2 failed. By way: 2 file, 1 api. By error: 2 carrier NFHX is not known.",
		"**RELATIONSHIP_OK** between `larkspur-pantry` and `ninefold-haulage`",
		"redshift: **disagrees**; status is `at_consignee` there, and `delivered` at tracking",
		"| failed    | LPX20551904 | line 12: no time zone |", "outcome refused: line 12 has no time zone",
		"Nothing: every source that was asked gave all that it had.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	if !strings.HasPrefix(got.stderr, "Demo: ") || !strings.Contains(got.stderr, "trino: callbacks by day: data, 6 found") {
		t.Error(got.stderr)
	}
}

func TestTheDemoIsTheSameInJSON(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), nil, "-format", "json")
	l := decode(t, got.stdout)
	if got.code != 0 || l.Demo != demo || l.Load == nil || l.Load.Source != "tracking" || l.Load.Degraded != "" || len(l.Load.Steps) != 3 || l.Load.Steps[1].Age != 10*time.Minute {
		t.Errorf("exit %d: %+v", got.code, l.Load)
	}
	counts := []int{len(l.Stops), len(l.Events), len(l.Attempts.Items), len(l.CarrierFiles), len(l.LoadFiles), len(l.History.Callbacks), len(l.History.LoadFiles), len(l.History.Locations), len(l.History.Logs), len(l.Days), len(l.Asked), len(l.NotSeen)}
	if diff := cmp.Diff([]int{2, 8, 3, 2, 1, 6, 1, 3, 4, 4, 13, 0}, counts); diff != "" {
		t.Error(diff)
	}
	for i, d := range l.Days {
		if i > 0 && l.Days[i-1].Date >= d.Date {
			t.Errorf("days are not in order: %+v", l.Days)
		}
	}
	for i, c := range l.History.Callbacks {
		if i > 0 && c.Time.Before(l.History.Callbacks[i-1].Time) {
			t.Errorf("callbacks are not in order: %+v", l.History.Callbacks)
		}
	}
}

func TestTheDaysOfTheDemoDoNotDependOnTheHour(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ now, want string }{
		{"2026-03-04T14:59:59Z", "2026-03-03T15:00:00Z"},
		{"2026-03-04T15:00:00Z", "2026-03-04T15:00:00Z"},
		{"2026-03-05T01:00:00+05:00", "2026-03-04T15:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if got := lastAfternoon(now).Format(time.RFC3339); err != nil || got != test.want {
			t.Errorf("%s: %s, want %s", test.now, got, test.want)
		}
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-fromat json":   "flag provided but not defined: -fromat; did you mean -format?",
		"-format xml":    `-format "xml": write markdown or json`,
		"-timeout 5":     "write it with a unit, such as 5s",
		"-timeout -1s":   "-timeout -1s: must be above zero",
		"-load LPX1":     `-load "LPX1": not a tracking id`,
		"-load=":         "-load: the value is empty",
		"482920031":      `"482920031": not a flag; did you mean -load 482920031?`,
		"-format x y -z": `-format "x": write markdown or json`,
	} {
		got := try(t, t.Context(), nil, strings.Fields(args)...)
		if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "warehouse -h") {
			t.Errorf("%s: exit %d, %q", args, got.code, got.stderr)
		}
	}
}

func TestHelpNamesEveryFlagAndVariable(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), nil, "-h")
	for want := range strings.FieldsSeq("-format -load -timeout REDSHIFT_HOST REDSHIFT_CLUSTER_ID TRINO_HOST FK_API_SECRET TRACKING_API_BASE_URL Exit") {
		if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, want) {
			t.Errorf("exit %d, no %s in %s%s", got.code, want, got.stdout, got.stderr)
		}
	}
}
