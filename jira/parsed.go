package jira

import (
	"time"

	"github.com/fourkites/sources/base/code"
)

// ParsedIssue is what an issue speaks of, as rules find it. Empty lists mean that nothing was found.
type ParsedIssue struct {
	Key     string `json:"key,omitempty"`
	Summary string `json:"summary,omitempty"`

	TrackingIDs  []Finding `json:"tracking_ids,omitempty"`
	LoadNumbers  []Finding `json:"load_numbers,omitempty"`
	ProNumbers   []Finding `json:"pro_numbers,omitempty"`
	BOLNumbers   []Finding `json:"bol_numbers,omitempty"`
	PONumbers    []Finding `json:"po_numbers,omitempty"`
	Bookings     []Finding `json:"bookings,omitempty"`
	Containers   []Finding `json:"containers,omitempty"` // ISO 6346, with a right check digit
	Vessels      []Finding `json:"vessels,omitempty"`
	Shippers     []Finding `json:"shippers,omitempty"`
	Carriers     []Finding `json:"carriers,omitempty"`
	Brokers      []Finding `json:"brokers,omitempty"`
	SCACs        []Finding `json:"scacs,omitempty"`
	Services     []Finding `json:"services,omitempty"`
	TraceIDs     []Finding `json:"trace_ids,omitempty"`
	Correlations []Finding `json:"correlation_ids,omitempty"`
	RequestIDs   []Finding `json:"request_ids,omitempty"`
	HTTPStatuses []Finding `json:"http_statuses,omitempty"`
	Endpoints    []Finding `json:"endpoints,omitempty"` // a path, with its method where one stands before it
	Hosts        []Finding `json:"hosts,omitempty"`
	SQLQueries   []Finding `json:"sql_queries,omitempty"`
	Errors       []Finding `json:"error_messages,omitempty"`

	StackTraces []StackTrace `json:"stack_traces,omitempty"`

	Category           Category    `json:"category"`
	CategoryConfidence float64     `json:"category_confidence"` // 0 to 1
	Mode               Mode        `json:"transport_mode"`
	Environment        Environment `json:"environment"`

	Times  []TimeMention `json:"times,omitempty"`
	Window TimeWindow    `json:"window"`

	Missing  []string `json:"missing,omitempty"`  // what a search would need and the issue does not say
	Warnings []string `json:"warnings,omitempty"` // what could be read in more than one way
	Dropped  int      `json:"dropped,omitempty"`  // values that a model gave and that do not stand in the issue
}

// Location is where something stood.
type Location struct {
	Part    string `json:"part"`              // summary, description, environment, comment, field, label, component, attachment
	Name    string `json:"name,omitempty"`    // of the field
	Comment int    `json:"comment,omitempty"` // of the comments, from 1
	Offset  int    `json:"offset"`            // bytes, in the text of the part
	Line    int    `json:"line"`              // from 1
}

// Source says what a finding was taken from.
type Source string

// The sources of findings.
const (
	SourceField Source = "field" // a field that holds nothing else
	SourceRules Source = "rules"
	SourceModel Source = "llm"
)

// Finding is one thing that an issue names. The same thing is one finding, where it stood first.
type Finding struct {
	Value      string   `json:"value"` // in one spelling
	Raw        string   `json:"raw"`   // as it stood at Where
	Where      Location `json:"where"`
	Source     Source   `json:"source"`
	How        string   `json:"how"`        // the rule, or the cue beside it
	Confidence float64  `json:"confidence"` // 0 to 1
	Grounded   bool     `json:"grounded"`   // Raw stands in the issue
}

// StackTrace is one stack of a part.
type StackTrace struct {
	code.Stack
	Raw   string   `json:"raw,omitempty"` // as it stood at Where; empty where it stood in another spelling, as in a string of JSON
	Where Location `json:"where"`
}

// TimeMention is an instant or a range that the text names. End is after Start where it is a range.
type TimeMention struct {
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Raw        string    `json:"raw"`
	Where      Location  `json:"where"`
	How        string    `json:"how"`
	ZoneKnown  bool      `json:"zone_known"` // the text names the zone; else it is the reporter's
	Confidence float64   `json:"confidence"`
}

// TimeWindow is the time to look at.
type TimeWindow struct {
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Source     string    `json:"source"` // lifecycle, validation, mentioned, created; empty = nothing tells
	Confidence float64   `json:"confidence"`
}

// Mode is how goods travel.
type Mode string

// The modes.
const (
	ModeUnknown    Mode = ""
	ModeOcean      Mode = "OCEAN"
	ModeOTR        Mode = "OTR"
	ModeLTL        Mode = "LTL"
	ModeAir        Mode = "AIR"
	ModeRail       Mode = "RAIL"
	ModeIntermodal Mode = "INTERMODAL"
	ModeParcel     Mode = "PARCEL"
)

// Environment is where it happened.
type Environment string

// The environments.
const (
	EnvironmentUnknown Environment = ""
	EnvironmentProd    Environment = "prod"
	EnvironmentStaging Environment = "staging"
	EnvironmentDev     Environment = "dev"
)

// Category is the kind of an issue.
type Category string

// The categories.
const (
	CategoryLoadCreation  Category = "load_creation_failure"
	CategoryLoadUpdate    Category = "load_update_failure"
	CategoryETA           Category = "eta_calculation_issue"
	CategoryCarrierUpdate Category = "carrier_update_missing"
	CategoryCallback      Category = "callback_webhook_failure"
	CategoryTimeout       Category = "timeout_performance"
	CategoryConfiguration Category = "configuration_issue"
	CategoryDataQuality   Category = "data_quality_issue"
	CategoryOcean         Category = "ocean_tracking_issue"
	CategoryOther         Category = "other"
)
