package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/internal/markdown"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
	"github.com/fourkites/sources/trino/trinotest"
)

const liveID = "482920031"

// live is the scenario on its servers, and the variables that name each.
type live struct {
	*stage
	api, warehouse, history map[string]string
}

func startLive(t *testing.T) live {
	t.Helper()
	s, err := loadScenario(lastAfternoon(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.close)
	return live{
		st,
		map[string]string{"FK_API_APP_ID": fkapitest.AppID, "FK_API_SECRET": fkapitest.Secret, "TRACKING_API_BASE_URL": st.api.URL},
		map[string]string{
			"REDSHIFT_HOST": "127.0.0.1", "REDSHIFT_PORT": fmt.Sprint(st.redshift.Config().Port), "REDSHIFT_DB": redshifttest.DefaultDatabase,
			"REDSHIFT_USER": redshifttest.DefaultUser, "REDSHIFT_PASSWORD": redshifttest.DefaultPassword, "REDSHIFT_PLAINTEXT": "true",
		},
		map[string]string{"TRINO_HOST": "127.0.0.1", "TRINO_PORT": port(t, st.trino.URL), "TRINO_USER": trinotest.User, "TRINO_PLAINTEXT": "true", "TRINO_PROXY": "none"},
	}
}

func port(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

func joined(all ...map[string]string) map[string]string {
	env := map[string]string{}
	for _, one := range all {
		maps.Copy(env, one)
	}
	return env
}

func (l live) all() map[string]string { return joined(l.api, l.warehouse, l.history) }

func TestARealLoadIsTold(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	got := try(t, t.Context(), l.all(), "-load", liveID)
	if got.code != 0 || strings.Contains(got.stdout+got.stderr, "Demo") || !strings.Contains(got.stdout, "- **Delivered**, says tracking") {
		t.Errorf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
	if !strings.Contains(got.stdout, "Nothing: every source that was asked gave all that it had.") {
		t.Error(got.stdout)
	}
}

func TestARealLoadIsToldByOneSourceAlone(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	for name, test := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"the API": {l.api, []string{"**Delivered**, says tracking", "redshift: stops: not asked: REDSHIFT_HOST is not set", "trino: log lines by day: not asked"}},
		"Redshift": {l.warehouse, []string{
			"**At Consignee**, says redshift (a lesser source: some minutes behind", ", up to 10m old)", "tracking: what the load is: not asked: FK_API_APP_ID is not set",
		}},
		"Trino": {l.history, []string{
			"**no source could say what the load is**", "no source tells when the load was created", "4 delivered, **2 not**",
		}},
	} {
		got := try(t, t.Context(), test.env, "-load", liveID)
		for _, want := range test.want {
			if got.code != 0 || !strings.Contains(markdown.Unwrapped(got.stdout), want) {
				t.Errorf("%s: exit %d, no %q: %s\n%s", name, got.code, want, got.stderr, got.stdout)
			}
		}
		if err := markdown.Check(got.stdout); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		decode(t, try(t, t.Context(), test.env, "-load", liveID, "-format", "json").stdout)
	}
}

func TestASourceThatFailsIsNamedAndTheRestIsTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		strike func(live)
		want   map[string]string // outcome by question
	}{
		"the API is down": {
			func(l live) { l.stage.api.Fail(fault.Status(404).WithMessage("gone"), -1) },
			map[string]string{"tracking: what the load is": "no_data", "redshift: what the load is": "data", "trino: callbacks by day": "data"},
		},
		"the warehouse is down": {
			func(l live) { l.redshift.Fail(fault.Error(42501, "permission denied for relation"), -1) },
			map[string]string{"tracking: what the load is": "data", "redshift: what the load is": "failed", "redshift: stops": "failed", "trino: callbacks by day": "data"},
		},
		"the history is down": {
			func(l live) { l.trino.Fail(fault.Error(46, "Table 'hive.log.callbacks_v2' does not exist"), -1) },
			map[string]string{"tracking: what the load is": "data", "redshift: stops": "data", "trino: log lines by day": "failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLive(t)
			test.strike(l)
			got := try(t, t.Context(), l.all(), "-load", liveID, "-format", "json")
			told := decode(t, got.stdout)
			if got.code != 0 {
				t.Errorf("exit %d: %s", got.code, got.stderr)
			}
			outcomes := rows(told)
			for question, want := range test.want {
				if outcomes[question] != want {
					t.Errorf("%s: %q, want %q", question, outcomes[question], want)
				}
				source, _, _ := strings.Cut(question, ": ")
				if want == "failed" && !strings.Contains(strings.Join(told.NotSeen, "\n"), source+": ") {
					t.Errorf("%s is not among what was not seen: %q", question, told.NotSeen)
				}
			}
		})
	}
}

func TestWhatNoSourceAnsweredIsNotTakenForAbsent(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	l.stage.api.Fail(fault.WrongPassword(), -1)
	l.redshift.Fail(fault.Error(42501, "permission denied for relation"), -1)
	l.trino.Fail(fault.Error(46, "Table 'hive.log.callbacks_v2' does not exist"), -1)
	got := try(t, t.Context(), l.all(), "-load", liveID)
	for _, claim := range []string{"No carrier has named", "None is known", "has nothing of it", "No source tells"} {
		if strings.Contains(got.stdout, claim) {
			t.Errorf("%q in\n%s", claim, got.stdout)
		}
	}
	if got.code != 1 || strings.Count(got.stdout, notKnown) != 6 || !strings.Contains(got.stderr, "nothing could be told") {
		t.Errorf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
}

func TestMoreThanIsReadIsNamed(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	at := lastAfternoon(time.Now()).Add(-24 * time.Hour)
	for i := range most {
		l.redshift.Insert(redshift.LoadEvent{TrackingID: liveID, Status: "POSITION", UpdateTime: at.Add(time.Duration(i) * time.Second)})
	}
	got := try(t, t.Context(), l.all(), "-load", liveID, "-format", "json")
	told := decode(t, got.stdout)
	if got.code != 0 || len(told.Events) != most || rows(told)["redshift: events"] != base.Truncated.String() || len(told.NotSeen) != 1 {
		t.Errorf("exit %d, %d events, %q", got.code, len(told.Events), told.NotSeen)
	}
	text := try(t, t.Context(), l.all(), "-load", liveID).stdout
	if !strings.Contains(text, "Left out in the middle: ") || strings.Count(text, "\n") > 200 {
		t.Errorf("%d lines", strings.Count(text, "\n"))
	}
}

func TestALoadThatNobodyKnowsHasNoReport(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for want, got := range map[string]outcome{
		"not found":     try(t, t.Context(), l.all(), "-load", "7"),
		"interrupted: ": try(t, canceled, l.all(), "-load", liveID),
	} {
		if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("exit %d, stdout %q, stderr %s", got.code, got.stdout, got.stderr)
		}
	}
}

func TestAReportIsPrintedThoughTheTimeIsOver(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	l.trino.Fail(fault.Silent(), -1)
	got := try(t, t.Context(), l.all(), "-load", liveID, "-timeout", "2s")
	if got.code != 1 || !strings.Contains(got.stdout, "**Delivered**, says tracking") || !strings.Contains(got.stderr, "not done within 2s; give more time with -timeout") {
		t.Errorf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
}

func TestEveryMissingVariableIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want []string
	}{
		{nil, []string{"-load needs a source", "REDSHIFT_HOST", "TRINO_HOST", "FK_API_APP_ID"}},
		{
			map[string]string{"REDSHIFT_PORT": "no", "TRINO_PORT": "x", "FK_API_APP_ID": "demo"},
			[]string{"REDSHIFT_PORT: ", "TRINO_PORT: ", "FK_API_SECRET: missing"},
		},
		{map[string]string{"REDSHIFT_HOST": "h", "TRINO_USER": "u"}, []string{"REDSHIFT_DB", "TRINO_HOST"}},
	} {
		got := try(t, t.Context(), test.env, "-load", liveID)
		for _, want := range test.want {
			if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, want) {
				t.Errorf("exit %d, no %q in %s", got.code, want, got.stderr)
			}
		}
	}
}

func TestTheHistoryIsCountedByDay(t *testing.T) {
	t.Parallel()
	s, err := loadScenario(time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	h := history{Callbacks: s.Callbacks, Logs: s.Logs}
	for i := range h.Callbacks {
		h.Callbacks[i].Date = h.Callbacks[i].Time.Format(time.DateOnly)
	}
	want := []day{
		{Date: "2026-03-01", NotDelivered: 1, Lines: 1},
		{Date: "2026-03-02", NotDelivered: 2, Lines: 1, Warnings: 1},
		{Date: "2026-03-03", Lines: 1, Warnings: 1},
		{Date: "2026-03-04", NotDelivered: 3, Lines: 1, Warnings: 1},
	}
	if diff := cmp.Diff(want, h.days()); diff != "" {
		t.Error(diff)
	}
}
