package jira

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// signs are words that speak for something, each counted once in a part.
type sign[T any] struct {
	form   *regexp.Regexp
	of     T
	weight float64
}

var modeSigns = []sign[Mode]{
	{regexp.MustCompile(`(?i)\bintermodal\b`), ModeIntermodal, 3},
	{regexp.MustCompile(`(?i)\bocean\b|\bvessels?\b|\bport of (?:discharge|loading)\b|\bsea ?freight\b|\btransshipment\b|\bbill of lading\b`), ModeOcean, 2},
	{regexp.MustCompile(`\bLTL\b|(?i:\bless[- ]than[- ]truckload\b)`), ModeLTL, 3},
	{regexp.MustCompile(`\b(?:OTR|FTL|TL)\b|(?i:\bfull truckload\b|\bover[- ]the[- ]road\b|\btruckload\b)`), ModeOTR, 2},
	{regexp.MustCompile(`(?i)\bair ?freight\b|\bair ?waybill\b|\bflight\b|\bair shipments?\b|\bair cargo\b`), ModeAir, 2.5},
	{regexp.MustCompile(`\bAWB\b`), ModeAir, 2},
	{regexp.MustCompile(`(?i)\brail(?:car|road|way)?s?\b`), ModeRail, 2},
	{regexp.MustCompile(`(?i)\bparcels?\b`), ModeParcel, 2},
}

var placeSigns = []sign[Environment]{
	{regexp.MustCompile(`(?i)\b(?:production|prod|prd|live environment)\b`), EnvironmentProd, 1},
	{regexp.MustCompile(`(?i)\b(?:staging|stage env(?:ironment)?|stg|uat|pre-?prod(?:uction)?|qa env(?:ironment)?)\b`), EnvironmentStaging, 1.2},
	{regexp.MustCompile(`(?i)\b(?:dev env(?:ironment)?|development env(?:ironment)?|dev cluster|sandbox|localhost|local env(?:ironment)?)\b|(?i:environment["'\x60*]*\s*[:=]\s*["'\x60*]*dev(?:elopment)?\b)`), EnvironmentDev, 1.2},
}

var kindSigns = []sign[Category]{
	{regexp.MustCompile(`(?i)\bload(?:s)? (?:was |were |is |are )?(?:not|never) (?:been )?created\b|\b(?:fail(?:ed|s|ure|ing)?|unable|can(?:not|'t)|error(?:s)?) (?:to |in |during |while |when )?creat(?:e|ing|ion)\b|\bcreation (?:of loads? )?fail|\bload creation\b|\bnot getting created\b|\bmissing loads?\b`), CategoryLoadCreation, 3},
	{regexp.MustCompile(`(?i)\b(?:fail(?:ed|s|ure|ing)?|unable|can(?:not|'t)) (?:to )?updat(?:e|ing)\b|\bload updates? (?:is |are |was |were )?(?:fail|reject|not)|\bupdate(?:s)? (?:of loads? )?(?:failed|rejected)|\bnot (?:getting |been )?updated\b|\bload update\b`), CategoryLoadUpdate, 2.5},
	{regexp.MustCompile(`(?i)\bETAs?\b(?:[^-_]|$)|\bestimated (?:time of )?arrival\b`), CategoryETA, 2.5},
	{regexp.MustCompile(`(?i)\b(?:no|not|missing|without|stopped|stop|never)\b[^.\n]{0,40}\b(?:check ?calls?|location updates?|carrier updates?|tracking updates?|positions?|pings?|tracking)\b|\b(?:feed|pings?|positions?|tracking|(?:location|carrier|tracking) updates?|check ?calls?) (?:has |have |had )?(?:stopped|ceased)\b|\bawaiting tracking info|\bnot (?:being )?track(?:ed|ing)\b|\bno updates from (?:the )?carrier\b|\bstuck\b`), CategoryCarrierUpdate, 2.5},
	{regexp.MustCompile(`(?i)\bcallbacks?\b|\bwebhooks?\b`), CategoryCallback, 3},
	{regexp.MustCompile(`(?i)\btime(?:d)?[ -]?outs?\b|timeout(?:error|exception)\b|\blag(?:s|ging)?\b|\bbacklog\b|\bslow(?:ness|ly)?\b|\blatency\b|\btakes? (?:too|very) long\b|\bperformance\b`), CategoryTimeout, 2.2},
	{regexp.MustCompile(`(?i)\b(?:mis)?config(?:uration|ured|ure)?\b|\bsettings?\b|\bnot enabled\b|\bpermission\b|\bfeature flag\b|\bnetwork relationship\b|\bonboard`), CategoryConfiguration, 2},
	{regexp.MustCompile(`(?i)\b(?:wrong|incorrect|duplicate[ds]?|invalid|inaccurate|mismatch(?:ed)?|bad) (?:data|address(?:es)?|stops?|times?|values?|location|appointment|timezone|loads?|numbers?|carriers?|shippers?|mode|status|weight|consignee|quantity)\b|\bdata quality\b|\bduplicates?\b`), CategoryDataQuality, 2.2},
	{regexp.MustCompile(`(?i)\bocean\b|\bvessels?\b|\bcontainers?\b|\bport of\b|\btransshipment\b`), CategoryOcean, 2.4},
}

// weigh counts what speaks for a mode, an environment and a category. A summary says the most about the category.
func (r *reading) weigh(t *passage) {
	if r.modes == nil {
		r.modes, r.places, r.kinds = map[Mode]float64{}, map[Environment]float64{}, map[Category]float64{}
	}
	weight := 1.0
	switch t.where.Part {
	case "summary":
		weight = 2
	case "comment":
		weight = 0.5
	}
	count(r.modes, modeSigns, t.text, 1)
	if t.where.Part == "environment" {
		weight = 3
	}
	count(r.places, placeSigns, t.text, weight)
	count(r.kinds, kindSigns, t.text, weight)
	if t.alone && strings.Contains(strings.ToLower(t.where.Name), "environment") && strings.EqualFold(strings.TrimSpace(t.text), "dev") {
		r.places[EnvironmentDev] += 3
	}
}

func count[T comparable](into map[T]float64, signs []sign[T], text string, weight float64) {
	for _, s := range signs {
		if s.form.MatchString(text) {
			into[s.of] += s.weight * weight
		}
	}
}

// conclude takes what weighs most.
func (r *reading) conclude() {
	if len(r.out.Containers) > 0 {
		r.modes[ModeOcean]++
		r.kinds[CategoryOcean]++
	}
	r.out.Mode, _ = heaviest(r.modes, []Mode{ModeIntermodal, ModeOcean, ModeLTL, ModeOTR, ModeAir, ModeRail, ModeParcel})
	r.out.Environment, _ = heaviest(r.places, []Environment{EnvironmentProd, EnvironmentStaging, EnvironmentDev})
	all := []Category{
		CategoryLoadCreation, CategoryCallback, CategoryETA, CategoryLoadUpdate, CategoryCarrierUpdate, CategoryTimeout, CategoryOcean,
		CategoryDataQuality, CategoryConfiguration,
	}
	if best, share := heaviest(r.kinds, all); best != "" {
		r.out.Category, r.out.CategoryConfidence = best, share
	}
}

// heaviest is the first of the most weight, and its share of all.
func heaviest[T comparable](of map[T]float64, in []T) (best T, share float64) {
	sum := 0.0
	for _, one := range in {
		if sum += of[one]; of[one] > of[best] {
			best = one
		}
	}
	if sum > 0 {
		share = of[best] / sum
	}
	return best, share
}

// How wide the windows are, and how long ago a time may be to make one.
const (
	aroundLife    = time.Hour
	aroundAttempt = 6 * time.Hour
	afterMention  = 2 * time.Hour
	beforeCreated = 6 * time.Hour
	afterCreated  = 2 * time.Hour
	longAgo       = 180 * 24 * time.Hour
)

// window is what the issue itself tells: the times that it names, else when it was created.
func (r *reading) window() TimeWindow {
	created := r.issue.Created
	var w TimeWindow
	for _, m := range r.out.Times {
		if !created.IsZero() && (m.Start.After(created.Add(24*time.Hour)) || m.Start.Before(created.Add(-longAgo))) {
			continue
		}
		if w.Source == "" || m.Start.Before(w.Start) {
			w.Start = m.Start
		}
		if end := m.End.Add(afterMention); w.Source == "" || end.After(w.End) {
			w.End = end
		}
		w.Source, w.Confidence = "mentioned", max(w.Confidence, 0.7*m.Confidence)
	}
	if w.Source == "" && !created.IsZero() {
		w = TimeWindow{created.Add(-beforeCreated), created.Add(afterCreated), "created", 0.4}
	}
	return w
}

// LoadTimes is what other sources know of the load of an issue.
type LoadTimes struct {
	Created    time.Time   // zero = not known
	Terminated time.Time   // zero = it lives
	Attempts   []time.Time // to create or change it
}

// WindowWith is the window to look at once the load is known: its life, else the attempts to create it, else what the issue
// itself tells, which is Window.
func (p ParsedIssue) WindowWith(l LoadTimes, now time.Time) TimeWindow {
	switch {
	case !l.Created.IsZero():
		end := now
		if !l.Terminated.IsZero() {
			end = l.Terminated.Add(aroundLife)
		}
		return TimeWindow{l.Created.Add(-aroundLife), end, "lifecycle", 0.95}
	case len(l.Attempts) > 0:
		first := slices.MinFunc(l.Attempts, time.Time.Compare)
		last := slices.MaxFunc(l.Attempts, time.Time.Compare)
		return TimeWindow{first.Add(-aroundAttempt), last.Add(aroundAttempt), "validation", 0.85}
	}
	return p.Window
}
