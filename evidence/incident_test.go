package evidence_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
	"github.com/fourkites/sources/internal/race"
)

// recordedIncidents is the folder of recorded incidents beside the project.
const recordedIncidents = "../../shared/data/incidents"

// recordings are the names of the recorded incidents; those that end in baseline are healthy.
func recordings(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(recordedIncidents, "[CD][0-9]-*"))
	if err != nil || len(found) == 0 {
		t.Skipf("the recorded incidents are not in %s", recordedIncidents)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	if race.Enabled { // the first two cases of each application run all of the code
		found = slices.DeleteFunc(found, func(name string) bool { return name[1] > '1' })
	}
	return found
}

func recording(t testing.TB, name string) incident.Case {
	t.Helper()
	c, err := incident.Read(t.Context(), filepath.Join(recordedIncidents, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// healthyDay is the recording of the same application without a fault.
func healthyDay(name string) string { return name[:1] + "0-baseline" }

func healthy(name string) bool { return strings.HasSuffix(name, "baseline") }

// points is what a report is worth, of 100, by the rule of the recorded incidents.
type points struct{ service, kind, region, onset, citations int }

func (p points) total(hasRegion bool) int {
	sum := p.service + p.kind + p.region + p.onset + p.citations
	if !hasRegion {
		return (sum*100 + 40) / 80
	}
	return sum
}

func pointsOf(truth incident.Truth, r evidence.Report, c incident.Case) points {
	var p points
	if r.Verdict != evidence.Fault {
		return p
	}
	first := slices.Clone(r.Causes[:min(3, len(r.Causes))])
	at := slices.IndexFunc(first, func(c evidence.Cause) bool { return c.Service == truth.Service })
	p.citations = worth(cited(r, c), 15)
	if at < 0 {
		return p
	}
	mine := first[at]
	p.service = worth(at == 0, 40) + worth(at > 0, 20)
	p.kind = worth(string(mine.Kind) == truth.Kind, 15)
	p.onset = worth(mine.Onset.Sub(truth.Onset).Abs() <= 90*time.Second, 10)
	p.region = worth(pointsAt(mine, truth.Region), 20)
	return p
}

func worth(got bool, points int) int {
	if got {
		return points
	}
	return 0
}

var regionLine = regexp.MustCompile(`([A-Za-z_]\w*)#(\d+)`)

// pointsAt says whether a cause names the code or the metric of the truth.
func pointsAt(c evidence.Cause, region string) bool {
	lines := regionLine.FindAllStringSubmatch(region, -1)
	if len(lines) == 0 {
		metric := strings.ToLower(c.Metric)
		if strings.Contains(region, "Network") {
			return strings.Contains(metric, "latency")
		}
		return strings.HasPrefix(metric, "cpuusage")
	}
	for _, r := range c.Code {
		for _, l := range lines {
			n, _ := strconv.Atoi(l[2])
			if strings.Contains(r.Symbol, l[1]) && r.Lines[1]-r.Lines[0] <= 60 && r.Lines[0]-5 <= n && n <= r.Lines[1]+5 {
				return true
			}
		}
	}
	return false
}

// cited says whether all that the first cause cites is in the recording.
func cited(r evidence.Report, c incident.Case) bool {
	known := map[string]bool{}
	for _, s := range c.Spans {
		known[s.TraceID+s.SpanID] = true
	}
	for _, l := range c.Logs {
		known[l.TraceID+l.SpanID] = true
	}
	for _, p := range c.Metrics {
		known[p.Metric+p.Labels[incident.PodKey]] = true
	}
	items := map[string]evidence.Item{}
	for _, item := range r.Evidence {
		items[item.ID] = item
	}
	for _, id := range r.Causes[0].Evidence {
		ref := items[id].Ref
		if ref.From != "" || !known[ref.TraceID+ref.SpanID] && !known[ref.Metric+ref.Pod] {
			return false
		}
	}
	return len(r.Causes[0].Evidence) > 0
}

func investigate(t testing.TB, c incident.Case, baseline *incident.Case) evidence.Report {
	t.Helper()
	i := evidence.Incident{Window: c.Window}
	if baseline != nil {
		i.Baseline, i.BaselineSources = baseline.Window, sources("healthy", *baseline)
	}
	r, err := evidence.Investigate(t.Context(), i, sources("recorded", c))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIncidentScores(t *testing.T) {
	t.Parallel()
	const floor = 85
	for _, name := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := recording(t, name)
			if healthy(name) {
				if r := investigate(t, c, nil); r.Verdict != evidence.NoFault {
					t.Errorf("verdict %s: %+v", r.Verdict, r.Causes)
				}
				return
			}
			truth, err := incident.ReadTruth(filepath.Join(recordedIncidents, name, "truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			b := recording(t, healthyDay(name))
			r := investigate(t, c, &b)
			p := pointsOf(truth, r, c)
			t.Logf("%d of 100: %+v", p.total(truth.Region != ""), p)
			if p.total(truth.Region != "") < floor {
				t.Errorf("below %d: %s %+v", floor, r.Verdict, r.Causes)
			}
		})
	}
}
