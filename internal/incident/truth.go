package incident

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Truth is what is known of a case's fault. Only scoring reads it, never an investigation.
type Truth struct {
	Service string    // where the fault is; empty for a control, which has none
	Kind    string    // as the kinds of evidence are written
	Onset   time.Time // when the fault was injected
	Region  string    // of code, "a.CartImpl#31_a.CartImpl#34", or the name of a metric; empty where neither is known
}

// ReadTruth reads a truth.json. The error names the file and what is wrong.
func ReadTruth(path string) (Truth, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Truth{}, invalid(err, "%s: the truth cannot be read: %v", path, errors.Unwrap(err))
	}
	var raw struct {
		Service *string `json:"root_cause_service"`
		Kind    string  `json:"inject_type"`
		Onset   string  `json:"inject_time_utc"`
		Region  string  `json:"code_region_or_metric"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return Truth{}, invalid(err, "%s: this is no JSON object of a truth: %v", path, err)
	}
	if raw.Service == nil || *raw.Service == "" {
		if raw.Kind == "" {
			return Truth{}, invalid(nil, "%s: neither root_cause_service nor inject_type; is this a truth.json?", path)
		}
		return Truth{}, nil
	}
	kind, _, _ := strings.Cut(raw.Kind, " ")
	t := Truth{Service: *raw.Service, Kind: kind, Region: raw.Region}
	if t.Onset, err = moment(raw.Onset); err != nil {
		return Truth{}, invalid(err, "%s: inject_time_utc: %.60q is no time; write it as 2006-01-02 15:04:05", path, raw.Onset)
	}
	return t, nil
}

// moment reads a time of a truth; without a zone it is UTC.
func moment(text string) (time.Time, error) {
	text = strings.Replace(strings.TrimSpace(text), " ", "T", 1)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC(), nil
	}
	return time.Parse("2006-01-02T15:04:05.999999999", text)
}

// Control reports whether the case has no fault.
func (t Truth) Control() bool { return t.Service == "" }

var spot = regexp.MustCompile(`([A-Za-z_]\w*)#(\d+)`)

// Lines are the class of the region and its lines; empty where the region is none of code.
func (t Truth) Lines() (class string, lines []int) {
	for _, found := range spot.FindAllStringSubmatch(t.Region, -1) {
		if class == "" {
			class = found[1]
		}
		if n, err := strconv.Atoi(found[2]); err == nil {
			lines = append(lines, n)
		}
	}
	return class, lines
}
