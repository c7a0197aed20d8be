package evidence

import (
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
)

// LoadMetadataReport is a [LoadAnswer] in a form that other programs read: its JSON form is stable.
type LoadMetadataReport struct {
	Load     fkapi.Load    `json:"load"`
	Source   string        `json:"source" jsonschema:"that answered"`
	Degraded string        `json:"degraded,omitempty" jsonschema:"what the answer lacks, as it came from a lesser source; absent: it came from the best"`
	Age      time.Duration `json:"age_ns,omitempty" jsonschema:"nanoseconds; what happened in this time before the question may be missing; absent: as of the question"`
	Steps    []LoadStep    `json:"steps" jsonschema:"how each source did, in the order in which they are asked"`
	// Agreement is what each source but the one that answered says about the answer.
	Agreement []LoadAgreement `json:"agreement" jsonschema:"of each other source with the answer"`
}

// LoadStep is how one source did with the question about a load.
type LoadStep struct {
	Source    string        `json:"source"`
	Outcome   string        `json:"outcome" jsonschema:"data, no_data (it does not know the load), failed or skipped"`
	Degraded  string        `json:"degraded,omitempty" jsonschema:"what its answers lack"`
	Age       time.Duration `json:"age_ns,omitempty" jsonschema:"nanoseconds; how old its answer may be"`
	ElapsedMS int64         `json:"elapsed_ms"`
	Calls     int           `json:"calls"`
	Attempts  int           `json:"attempts"` // of all calls; what is more than Calls are retries
	Reason    string        `json:"reason,omitempty" jsonschema:"why it gave no load"`
	Notes     []string      `json:"notes,omitempty" jsonschema:"what a reader of its answer must know"`
}

// Report is the answer in a form that other programs read. Without a source that answered its Load is empty, and its
// Steps say why.
func (a LoadAnswer) Report() LoadMetadataReport {
	r := LoadMetadataReport{
		Load: a.Value, Source: a.Source, Degraded: a.Degraded, Age: a.Age, Steps: []LoadStep{}, Agreement: append([]LoadAgreement{}, a.Agreement...),
	}
	for _, t := range a.Tried {
		r.Steps = append(r.Steps, stepOf(t))
	}
	return r
}

func stepOf(t base.Tried[fkapi.Load]) LoadStep {
	s := LoadStep{
		Source: t.Source, Degraded: t.Degraded, ElapsedMS: t.Took.Milliseconds(), Calls: t.Stats.Calls, Attempts: t.Stats.Attempts,
	}
	if t.Skipped != "" {
		s.Outcome, s.Reason = skipped, t.Skipped
		return s
	}
	s.Outcome = outcomeOf(one(t.Err)).String()
	if t.Err != nil {
		s.Reason = oneLine(t.Err.Error())
		return s
	}
	s.Age, s.Notes = t.Stats.Age, t.Stats.Notes
	return s
}
