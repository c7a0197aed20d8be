package incident_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/incident"
)

func TestReadTruth(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "truth.json")
	for text, want := range map[string]incident.Truth{
		`{"root_cause_service":"cart","inject_type":"return (early)","inject_time_utc":"2023-11-14 22:13:20","code_region_or_metric":"a.CartImpl#31_a.CartImpl#34"}`: {
			Service: "cart", Kind: "return", Onset: time.Unix(1_700_000_000, 0).UTC(), Region: "a.CartImpl#31_a.CartImpl#34",
		},
		`{"root_cause_service":"cart","inject_type":"cpu_contention","inject_time_utc":"2023-11-15T00:13:20.5+02:00"}`: {
			Service: "cart", Kind: "cpu_contention", Onset: time.Unix(1_700_000_000, 500_000_000).UTC(),
		},
		`{"root_cause_service":null,"inject_type":"none"}`: {},
	} {
		write(t, path, []byte(text))
		got, err := incident.ReadTruth(path)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || got.Control() != (want.Service == "") {
			t.Error(err, diff)
		}
	}
	for text, want := range map[string]string{
		"[": "this is no JSON object", "{}": "is this a truth.json?",
		`{"root_cause_service":"cart","inject_type":"return","inject_time_utc":"soon"}`: `inject_time_utc: "soon" is no time`,
	} {
		write(t, path, []byte(text))
		if _, err := incident.ReadTruth(path); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := incident.ReadTruth(path + "x"); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "cannot be read") {
		t.Error(err)
	}
}

func TestTheLinesOfATruth(t *testing.T) {
	t.Parallel()
	class, lines := incident.Truth{Region: "c.s.CartImpl#31_c.s.CartImpl#34"}.Lines()
	if class != "CartImpl" || !cmp.Equal(lines, []int{31, 34}) {
		t.Error(class, lines)
	}
	if class, lines = (incident.Truth{Region: "CpuUsageRate(%)"}).Lines(); class != "" || lines != nil {
		t.Error(class, lines)
	}
}
