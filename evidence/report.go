package evidence

import (
	"time"

	"github.com/fourkites/sources/base"
)

// Verdict says in one word what an investigation found.
type Verdict string

// An investigation found a fault, found none where it could look, or could not tell.
const (
	Fault   Verdict = "fault"
	NoFault Verdict = "no_fault"
	Unknown Verdict = "unknown"
)

// CauseKind is the category of a root cause.
type CauseKind string

// The categories.
const (
	Return        CauseKind = "return"         // an early or wrong return
	Exception     CauseKind = "exception"      // an error that the code raised
	CPUContention CauseKind = "cpu_contention" // the machine's cores are taken by others
	CPUConsumed   CauseKind = "cpu_consumed"   // the code itself burns them
	NetworkDelay  CauseKind = "network_delay"
	Configuration CauseKind = "configuration" // something is set up wrongly, or not at all
	DataFault     CauseKind = "data"          // the data that came in are wrong or missing
	Dependency    CauseKind = "dependency"    // something that is called, and is not observed, failed
	UnknownCause  CauseKind = "unknown"
)

// Report is the answer of an investigation. Its JSON form is stable: fields may be added, none is renamed. All instants
// are UTC.
type Report struct {
	Verdict  Verdict        `json:"verdict"`
	Window   base.Window    `json:"window"`            // what was looked at
	Baseline base.Window    `json:"baseline,omitzero"` // what it was compared with
	Causes   []Cause        `json:"causes"`            // ranked, best first
	Evidence []Item         `json:"evidence"`          // of the incident itself, and of the baseline where Ref.From says so
	Sources  []SourceReport `json:"sources"`           // one row per client asked
	NotSeen  []string       `json:"not_seen"`          // what could not be looked at, and why
}

// Cause is one candidate for the root cause.
type Cause struct {
	Rank       int          `json:"rank"` // 1 is the best
	Service    string       `json:"service"`
	Kind       CauseKind    `json:"kind"`
	Onset      time.Time    `json:"onset,omitzero"`
	Confidence float64      `json:"confidence"` // 0 to 1
	Code       []CodeRegion `json:"code,omitempty"`
	Places     []CodePlace  `json:"places,omitempty"` // what the code graph knows of Code; empty without one
	Metric     string       `json:"metric,omitempty"` // where the cause shows in one
	Evidence   []string     `json:"evidence"`         // ids of Items of the incident itself
	Compared   []string     `json:"compared,omitempty"`
	Why        string       `json:"why"` // one sentence
}

// CodeRegion is a piece of code: a class or function, its file where known, and the first and last line.
type CodeRegion struct {
	Symbol string `json:"symbol"`
	File   string `json:"file,omitempty"`
	Lines  [2]int `json:"lines"`
}

// ItemType is what a piece of evidence is.
type ItemType string

// The types of evidence.
const (
	LogItem       ItemType = "log"
	SpanItem      ItemType = "span"
	MetricItem    ItemType = "metric"
	ExceptionItem ItemType = "exception"
	DocumentItem  ItemType = "document"
	CodeItem      ItemType = "code" // what a code graph says
)

// Item is one piece of evidence.
type Item struct {
	ID      string    `json:"id"`
	Source  string    `json:"source"` // the client that answered
	Type    ItemType  `json:"type"`
	Time    time.Time `json:"time,omitzero"`
	Service string    `json:"service,omitempty"`
	Ref     Ref       `json:"ref"`
	Summary string    `json:"summary"`
}

// Ref finds a piece of evidence again in its source. Only what the source knows is set.
type Ref struct {
	TraceID      string `json:"trace_id,omitempty"`
	SpanID       string `json:"span_id,omitempty"`
	TimeUnixNano int64  `json:"time_unix_nano,omitempty"` // of a log record or a measurement
	Pod          string `json:"pod,omitempty"`
	Metric       string `json:"metric,omitempty"`
	Key          string `json:"key,omitempty"`  // of code: Class#method; of a document: a load's tracking id, a relationship's id; of a log record: its id
	From         string `json:"from,omitempty"` // "baseline" where it is not of the incident itself
}

// SourceReport is how one client did.
type SourceReport struct {
	Name      string      `json:"name"`
	Outcome   string      `json:"outcome"` // a base.Outcome in one word, or "skipped"
	ElapsedMS int64       `json:"elapsed_ms"`
	Calls     int         `json:"calls"`    // of the client's methods; one question may take several
	Attempts  int         `json:"attempts"` // of all calls; what is more than Calls are retries
	Covered   base.Window `json:"covered,omitzero"`
	Hint      string      `json:"hint,omitempty"`
}
