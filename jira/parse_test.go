package jira_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/race"
	"github.com/fourkites/sources/jira"
)

var noon = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

// said is an issue that was written at noon by somebody in a zone.
func said(text, zone string) jira.Issue {
	return jira.Issue{Key: "OPS-1", Description: text, Created: noon, Reporter: jira.User{TimeZone: zone}}
}

func TestAFindingSaysWhereItStoodHowItWasFoundAndHowSure(t *testing.T) {
	t.Parallel()
	i := said("First line.\nThe tracking id is 482913377, again: tracking id 482913377.", "")
	i.Comments = []jira.Comment{{Body: "x"}, {Body: "Load number: AB-7788"}}
	i.Custom = map[string]json.RawMessage{"Booking Number": json.RawMessage(`"BK778812"`)}
	p := jira.Parse(i)
	want := jira.Finding{
		Value: "482913377", Raw: "482913377", Where: jira.Location{Part: "description", Offset: 31, Line: 2}, Source: jira.SourceRules,
		How: "tracking id", Confidence: 0.97, Grounded: true,
	}
	if len(p.TrackingIDs) != 1 || p.TrackingIDs[0] != want {
		t.Errorf("%+v", p.TrackingIDs)
	}
	if len(p.LoadNumbers) != 1 || p.LoadNumbers[0].Where != (jira.Location{Part: "comment", Comment: 2, Offset: 13, Line: 1}) {
		t.Errorf("%+v", p.LoadNumbers)
	}
	if len(p.Bookings) != 1 || p.Bookings[0].Source != jira.SourceField || p.Bookings[0].Where.Name != "Booking Number" {
		t.Errorf("%+v", p.Bookings)
	}
}

func TestTimesAreReadInTheZoneOfWhoWroteThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, zone, start string
		known             bool
	}{
		{"at 2025-03-09 08:00", "America/Chicago", "2025-03-09T13:00:00Z", false},
		{"at 2025-03-08 08:00", "America/Chicago", "2025-03-08T14:00:00Z", false}, // before the clock was put forward
		{"at 2025-03-08 08:00 PT", "America/Chicago", "2025-03-08T16:00:00Z", true},
		{"at 2025-03-08T08:00:00.250+05:30", "America/Chicago", "2025-03-08T02:30:00Z", true},
		{"at 2025-03-08 08:00 (UTC+2)", "", "2025-03-08T06:00:00Z", true},
		{"on 12/31/24 11:59 PM", "", "2024-12-31T23:59:00Z", false},
		{"on 31/12/2024 at 23:59", "", "2024-12-31T23:59:00Z", false},
		{"on December 31 at 11 pm", "", "2024-12-31T23:00:00Z", false},
		{"on 3rd of March 2025, 9:05am", "", "2025-03-03T09:05:00Z", false},
		{"two hours ago", "", "2025-03-10T10:00:00Z", true},
		{"since Friday", "", "2025-03-07T00:00:00Z", false},
		{"yesterday at 15:30", "Asia/Tokyo", "2025-03-09T06:30:00Z", false},
		{"timestamp: 1741600000", "", "2025-03-10T09:46:40Z", true},
		{"at 2025-03-08 08:00 -05:00", "", "2025-03-08T13:00:00Z", true},
		{"at 2025-03-08T08:00-05:00", "", "2025-03-08T13:00:00Z", true},
		{"at 2025-03-08 08:00:00-05:00", "", "2025-03-08T13:00:00Z", true},
		{"at 15:30 PT yesterday", "", "2025-03-09T22:30:00Z", true},
		{"after 3pm on Friday", "", "2025-03-07T15:00:00Z", false},
		{"at 0:30 last night", "", "2025-03-10T00:30:00Z", false},
		{"am 09.03.2025 um 08:15", "Europe/Berlin", "2025-03-09T07:15:00Z", false},
		{"on 2025-03-09. Then", "", "2025-03-09T00:00:00Z", false},
		{"at 2025-03-09\u00a010:00\u00a0PT", "", "2025-03-09T17:00:00Z", true},
	} {
		p := jira.Parse(said(test.text, test.zone))
		if len(p.Times) != 1 || p.Times[0].Start.Format(time.RFC3339) != test.start || p.Times[0].ZoneKnown != test.known {
			t.Errorf("%s: %+v", test.text, p.Times)
		}
	}
	for _, none := range []string{"2025-02-30", "13/13/2025", "1.2.2025.3", "from 5 to 7 loads", "may be wrong", "2025-99-99 10:00", "99:99"} {
		if p := jira.Parse(said(none, "")); len(p.Times) > 0 {
			t.Errorf("%s: %+v", none, p.Times)
		}
	}
}

func TestBothEndsOfARangeAreReadWithTheirDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"from 2025-03-08 22:00 to 2025-03-09 02:00 UTC":       "2025-03-08T22:00:00Z 2025-03-09T02:00:00Z",
		"2025-03-08 10:00 - 2025-03-09 12:00":                 "2025-03-08T10:00:00Z 2025-03-09T12:00:00Z",
		"03/08/2025 10:00 AM to 03/08/2025 1:00 PM EST":       "2025-03-08T15:00:00Z 2025-03-08T18:00:00Z",
		"2025-03-08 10:00-11:30":                              "2025-03-08T10:00:00Z 2025-03-08T11:30:00Z",
		"between 7:30 PM and 9:00 PM EDT on 2025-03-09":       "2025-03-09T23:30:00Z 2025-03-10T01:00:00Z",
		"2025-03-08 10:00 until 2025-03-01 10:00 is no range": "2025-03-08T10:00:00Z 2025-03-08T10:00:00Z",
	} {
		p := jira.Parse(said(text, ""))
		same := func(m jira.TimeMention) bool {
			return m.Start.Format(time.RFC3339)+" "+m.End.Format(time.RFC3339) == want
		}
		if !slices.ContainsFunc(p.Times, same) {
			t.Errorf("%s: %+v", text, p.Times)
		}
	}
}

func TestWhatCanBeReadInTwoWaysIsSaid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"at 2025-03-09 02:30":            "put forward",
		"at 2025-03-09 10:00 IST":        "India",
		"container MSKU6011673 is lost":  "check digit",
		"at 2025-03-09 10:00 AM CST":     "China",
		"at 2025-03-09 10:00 in Chicago": "",
	} {
		p := jira.Parse(said(text, "America/Chicago"))
		if all := strings.Join(p.Warnings, "; "); want == "" && all != "" || !strings.Contains(all, want) {
			t.Errorf("%s: %q", text, all)
		}
	}
}

func TestTheWindowIsTheFirstThatSomethingTells(t *testing.T) {
	t.Parallel()
	p := jira.Parse(said("It failed at 2025-03-09T10:00:00Z and 2025-03-09T11:00:00Z; the contract is of 2019-01-01, the meeting on 2025-06-01.", ""))
	want := jira.TimeWindow{Start: noon.Add(-26 * time.Hour), End: noon.Add(-23 * time.Hour), Source: "mentioned", Confidence: p.Window.Confidence}
	if p.Window != want || want.Confidence < 0.5 {
		t.Errorf("%+v", p.Window)
	}
	bare := jira.Parse(said("It failed.", ""))
	if bare.Window.Source != "created" || bare.Window.Start != noon.Add(-6*time.Hour) || bare.Window.End != noon.Add(2*time.Hour) {
		t.Errorf("%+v", bare.Window)
	}
	if none := jira.Parse(jira.Issue{Description: "It failed."}); none.Window != (jira.TimeWindow{}) {
		t.Errorf("%+v", none.Window)
	}
	life := p.WindowWith(jira.LoadTimes{Created: noon.Add(-48 * time.Hour)}, noon)
	if life.Source != "lifecycle" || life.Start != noon.Add(-49*time.Hour) || life.End != noon {
		t.Errorf("%+v", life)
	}
	attempts := p.WindowWith(jira.LoadTimes{Attempts: []time.Time{noon, noon.Add(-time.Hour)}}, noon)
	if attempts.Source != "validation" || attempts.Start != noon.Add(-7*time.Hour) || attempts.End != noon.Add(6*time.Hour) {
		t.Errorf("%+v", attempts)
	}
	if p.WindowWith(jira.LoadTimes{}, noon) != p.Window {
		t.Error("without a load it is another window")
	}
}

func TestServicesOfTheCatalogAreFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	p := jira.ParseWithOptions(said("the Matcher hangs, rematcher does not", ""), jira.ParseOptions{Services: []string{"matcher", "eta"}})
	if len(p.Services) != 1 || p.Services[0].Value != "matcher" || p.Services[0].Raw != "Matcher" {
		t.Errorf("%+v", p.Services)
	}
}

func TestLettersThatChangeTheirSizeMoveNoFinding(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"Ⱥ", "İ", "ẞ", "\xff"} { // small, they have more bytes, or fewer
		text := strings.Repeat(letter, 60) + " Matcher, x"
		p := jira.ParseWithOptions(said(text, ""), jira.ParseOptions{Services: []string{"matcher", "Ⱥ"}})
		if len(p.Services) == 0 || p.Services[0].Raw != "Matcher" || p.Services[0].Where.Offset != strings.Index(text, "Matcher") {
			t.Errorf("%s: %+v", letter, p.Services)
		}
	}
}

func TestPartsAreReadInOneOrder(t *testing.T) {
	t.Parallel()
	i := jira.Issue{Labels: []string{"eta-worker"}, Components: []string{"eta-worker"}}
	for range 50 {
		if p := jira.Parse(i); len(p.Services) != 1 || p.Services[0].Where.Part != "label" {
			t.Fatalf("%+v", p.Services)
		}
	}
}

func TestFieldsOfEveryKindAreRead(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"tracking id 482913377"}]}]}`: "482913377",
		`{"value":"see","child":{"value":"tracking id 482913377"}}`:                                                              "482913377",
		`["x",{"name":"tracking id 482913377"}]`:                                                                                 "482913377",
		`{"type":"doc"}`:                                                                                                         "", `null`: "", `{`: "", `12`: "",
	} {
		i := said("x", "")
		i.Custom = map[string]json.RawMessage{"Steps": json.RawMessage(raw)}
		p := jira.Parse(i)
		if got := len(p.TrackingIDs) == 1 && p.TrackingIDs[0].Value == want && p.TrackingIDs[0].Where.Name == "Steps"; got != (want != "") {
			t.Errorf("%s: %+v", raw, p.TrackingIDs)
		}
	}
}

func TestAStackTraceSaysWhereItStood(t *testing.T) {
	t.Parallel()
	java := "java.lang.IllegalStateException: no %s\n\tat com.demo.Router.route(Router.java:120)\n\tat com.demo.Main.main(Main.java:%s)"
	python := "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyError: 'id'"
	first, second := strings.NewReplacer("%s", "1").Replace(java), strings.NewReplacer("%s", "2").Replace(java)
	text := "We saw java.lang.IllegalStateException twice.\n\n" + first + "\nand\n" + second + "\nthen\n" + python + "\n"
	p := jira.Parse(said(text, ""))
	if len(p.StackTraces) != 3 {
		t.Fatalf("%+v", p.StackTraces)
	}
	for i, want := range []string{
		first, second, python[strings.Index(python, "File"):strings.Index(python, ": 'id'")],
	} {
		got := p.StackTraces[i]
		if at := strings.Index(text, want); got.Where.Offset != at || got.Raw != want || got.Where.Line != 1+strings.Count(text[:at], "\n") {
			t.Errorf("%q at %+v", got.Raw, got.Where)
		}
	}
	quoted, _ := json.Marshal(first)
	inJSON := jira.Parse(said("x\n{\"error\": "+string(quoted)+"}", ""))
	if len(inJSON.StackTraces) != 1 || inJSON.StackTraces[0].Where.Offset != 13 || !strings.HasPrefix(inJSON.StackTraces[0].Raw, "java.lang") {
		t.Errorf("%+v", inJSON.StackTraces)
	}
}

// Ranges without a day look at the times before them: a list without a bound would take the square of the text.
func TestTimesOfAllPartsAreBounded(t *testing.T) {
	t.Parallel()
	many := jira.Issue{Created: noon}
	for i := range 200 {
		text := fmt.Sprintf("from 9:%02d to 1%d:30, call 312-555-0144 ", i%60, i/60)
		many.Comments = append(many.Comments, jira.Comment{Body: strings.Repeat(text, race.Of(50, 2))}, jira.Comment{Body: fmt.Sprintf("at 2025-01-01 %02d:%02d", i/60, i%60)})
	}
	p := jira.Parse(many)
	if len(p.Times) != 200 || !slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "200") }) {
		t.Errorf("%d times, %q", len(p.Times), p.Warnings)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	if p := jira.Parse(said("help", "")); len(p.Missing) != 4 {
		t.Errorf("%q", p.Missing)
	}
	full := "tracking id 482913377 at 2025-03-09 10:00 in eta-worker, production"
	if p := jira.Parse(said(full, "")); len(p.Missing) != 0 {
		t.Errorf("%q", p.Missing)
	}
}

func TestNamesStandBehindTheirWordsInOneLine(t *testing.T) {
	t.Parallel()
	p := jira.Parse(said("Shipper:\nBroker:\n**Carrier:** Demo & Sons, Inc.\nVessel: _none_\nscac = 'ABCD'", ""))
	if len(p.Shippers)+len(p.Brokers)+len(p.Vessels) > 0 || len(p.Carriers) != 1 || p.Carriers[0].Value != "Demo & Sons" || len(p.SCACs) != 1 {
		t.Errorf("%+v %+v %+v %+v %+v", p.Shippers, p.Brokers, p.Vessels, p.Carriers, p.SCACs)
	}
}

func TestWhatLooksLikeTheNumberOfALoadIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Call about the load: 312-555-0144", "load number +14045550119", "tracking id 12345678-aaaa-4bbb-8ccc-1234567890ab", "PRO: 312.555.0144", "the load is 12345678.90",
		"load 2025-03-09", "load 20250309", "load 99999999%", "invoice number KX12345678", "VAT KX123456789", "load version 10.2.3.4", "PO Box 12345678", "pro 10", "load balancer 10.20.30.40",
		"https://docs.example.com/articles/360012345678", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "zip 60606-1234", "load $12,345,678.00", "download 12345678", "workload: 12345678",
		"Load Number:\nTracking ID:\nPhone: 3125550144", "| Load | Status |\n| --- | --- |\n| none | 200 |",
	} {
		p := jira.Parse(said(text, ""))
		if all := slices.Concat(p.TrackingIDs, p.LoadNumbers, p.ProNumbers, p.BOLNumbers, p.PONumbers, p.Bookings, p.Containers); len(all) > 0 {
			t.Errorf("%s: %+v", text, all)
		}
	}
}

func TestALongIssueIsReadWhole(t *testing.T) {
	t.Parallel()
	lines := race.Of(20_000, 1_000)
	text := strings.Repeat("nothing to see here 123456789\n", lines) + "tracking id: 482913377"
	if p := jira.Parse(said(text, "")); len(p.TrackingIDs) != 1 || p.TrackingIDs[0].Where.Line != lines+1 {
		t.Errorf("%+v", p.TrackingIDs)
	}
	many := "tracking ids: " + strings.Repeat("482913377, ", 300) + strings.Join(numbered(300), ", ")
	p := jira.Parse(said(many, ""))
	if len(p.TrackingIDs) != 200 || !slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "200") }) {
		t.Errorf("%d ids, %q", len(p.TrackingIDs), p.Warnings)
	}
}

func numbered(n int) []string {
	var all []string
	for i := range n {
		all = append(all, "5000"+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))+"77")
	}
	return all
}

// everything is all findings of an issue.
func everything(p jira.ParsedIssue) []jira.Finding {
	return slices.Concat(p.TrackingIDs, p.LoadNumbers, p.ProNumbers, p.BOLNumbers, p.PONumbers, p.Bookings, p.Containers, p.Vessels, p.Shippers,
		p.Carriers, p.Brokers, p.SCACs, p.Services, p.TraceIDs, p.Correlations, p.RequestIDs, p.HTTPStatuses, p.Endpoints, p.Hosts, p.SQLQueries, p.Errors)
}

func FuzzParse(f *testing.F) {
	for _, one := range corpus(f, "tickets.txt") {
		f.Add(one.issue.Description, one.issue.Reporter.TimeZone)
	}
	f.Fuzz(func(t *testing.T, text, zone string) {
		whole := said(text, zone)
		p := jira.ParseWithOptions(whole, jira.ParseOptions{Services: []string{"matcher", "é", ""}})
		for _, one := range everything(p) {
			if from := one.Where.Offset; from < 0 || from+len(one.Raw) > len(text) || text[from:from+len(one.Raw)] != one.Raw || one.Raw == "" {
				t.Errorf("%+v does not stand there", one)
			} else if line := 1 + strings.Count(text[:from], "\n"); line != one.Where.Line {
				t.Errorf("%+v stands in line %d", one, line)
			}
			if one.Confidence <= 0 || one.Confidence > 1 || one.Value == "" || one.How == "" {
				t.Errorf("%+v", one)
			}
		}
		for _, m := range p.Times {
			if m.End.Before(m.Start) || m.Confidence <= 0 || text[m.Where.Offset:m.Where.Offset+len(m.Raw)] != m.Raw {
				t.Errorf("%+v", m)
			}
		}
		for _, s := range p.StackTraces {
			if from := s.Where.Offset; from < 0 || from+len(s.Raw) > len(text) || text[from:from+len(s.Raw)] != s.Raw {
				t.Errorf("%+v does not stand there", s)
			}
		}
		inField, _ := json.Marshal(text)
		whole.Description, whole.Custom = "", map[string]json.RawMessage{"Load Number": inField, zone: inField}
		_ = json.Unmarshal(inField, &text) // bytes that are not UTF-8 have changed
		for _, one := range everything(jira.Parse(whole)) {
			if from := one.Where.Offset; from < 0 || from+len(one.Raw) > len(text) || text[from:from+len(one.Raw)] != one.Raw || one.Raw == "" {
				t.Errorf("%+v does not stand in the field", one)
			}
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	})
}
