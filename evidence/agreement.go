package evidence

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
)

// Agreement is what one source says about the answer of another.
type Agreement string

// The words of agreement.
const (
	Agrees      Agreement = "agrees"       // every field that both have is alike
	Disagrees   Agreement = "disagrees"    // at least one is not
	Denies      Agreement = "denies"       // it says that there is no such load
	NotCompared Agreement = "not_compared" // it was not asked, or failed
)

// LoadAgreement is how the load of one source compares with that of the source that answered. Fields have the names that
// they have in the JSON form of [fkapi.Load]. Words are alike whatever their case, instants if they are less than a second
// apart, and lists whatever their order; of companies and places the ids and names count. A field that neither source has
// is in no list.
type LoadAgreement struct {
	Source    string            `json:"source"`
	Agreement Agreement         `json:"agreement" jsonschema:"agrees, disagrees, denies (says that there is no such load) or not_compared"`
	Alike     []string          `json:"alike,omitempty" jsonschema:"fields that both have, and alike"`
	Different []FieldDifference `json:"different,omitempty"`
	Lacking   []string          `json:"lacking,omitempty" jsonschema:"fields that the answer has and this source has not"`
	Beyond    []string          `json:"beyond,omitempty" jsonschema:"fields that this source has and the answer has not"`
}

// FieldDifference is a field in which two sources differ.
type FieldDifference struct {
	Field  string `json:"field"`
	Answer string `json:"answer"` // the value of the source that answered
	Other  string `json:"other"`  // the value of this source
}

// agreements are those of all sources but the one that answered.
func agreements(answer base.Answer[fkapi.Load]) []LoadAgreement {
	all := []LoadAgreement{}
	found := false
	for _, t := range answer.Tried {
		switch {
		case t.Answered() && !found:
			found = true // the first that answers is the answer
		case t.Answered():
			all = append(all, compareLoads(t.Source, answer.Value, t.Value))
		case errors.Is(t.Err, base.ErrNotFound):
			all = append(all, LoadAgreement{Source: t.Source, Agreement: Denies})
		default:
			all = append(all, LoadAgreement{Source: t.Source, Agreement: NotCompared})
		}
	}
	return all
}

func compareLoads(source string, answer, other fkapi.Load) LoadAgreement {
	a := LoadAgreement{Source: source, Agreement: Agrees}
	for _, f := range loadFields {
		mine, theirs := f.value(answer), f.value(other)
		switch {
		case mine == "" && theirs == "":
		case theirs == "":
			a.Lacking = append(a.Lacking, f.name)
		case mine == "":
			a.Beyond = append(a.Beyond, f.name)
		case f.alike(mine, theirs):
			a.Alike = append(a.Alike, f.name)
		default:
			a.Agreement = Disagrees
			a.Different = append(a.Different, FieldDifference{f.name, mine, theirs})
		}
	}
	return a
}

// loadField is a field of a load as text, empty where it is not known.
type loadField struct {
	name  string
	value func(fkapi.Load) string
	alike func(a, b string) bool
}

// loadFields are those that are compared: what two sources can both know. What changes from minute to minute, such as
// the last position, is not among them: a source that lags would never agree.
var loadFields = slices.Concat(
	[]loadField{
		{"loadNumber", func(l fkapi.Load) string { return l.LoadNumber }, strings.EqualFold},
		{"status", func(l fkapi.Load) string { return cmp.Or(string(l.Status), l.StatusText) }, strings.EqualFold},
		{"loadMode", func(l fkapi.Load) string { return l.LoadMode }, strings.EqualFold},
		{"proNumber", func(l fkapi.Load) string { return l.PRONumber }, strings.EqualFold},
		{"bolNumber", func(l fkapi.Load) string { return l.BOLNumber }, strings.EqualFold},
		{"referenceNumbers", func(l fkapi.Load) string { return list(l.ReferenceNumbers) }, strings.EqualFold},
		{"stops", func(l fkapi.Load) string { return count(len(l.Stops)) }, strings.EqualFold},
	},
	timeFields("createdAt", func(l fkapi.Load) time.Time { return l.CreatedAt }),
	timeFields("deliveredAt", func(l fkapi.Load) time.Time { return l.DeliveredAt }),
	timeFields("terminatedAt", func(l fkapi.Load) time.Time { return l.TerminatedAt }),
	partyFields("shipper", func(l fkapi.Load) fkapi.Party { return l.Shipper }),
	partyFields("carrier", func(l fkapi.Load) fkapi.Party { return l.Carrier }),
	partyFields("managingCarrier", func(l fkapi.Load) fkapi.Party { return l.ManagingCarrier }),
	placeFields("origin", func(l fkapi.Load) *fkapi.Stop { return l.Origin }),
	placeFields("destination", func(l fkapi.Load) *fkapi.Stop { return l.Destination }),
)

func timeFields(name string, of func(fkapi.Load) time.Time) []loadField {
	return []loadField{{name, func(l fkapi.Load) string { return instantText(of(l)) }, sameInstant}}
}

func partyFields(role string, of func(fkapi.Load) fkapi.Party) []loadField {
	return []loadField{
		{role + ".id", func(l fkapi.Load) string { return of(l).ID }, strings.EqualFold},
		{role + ".name", func(l fkapi.Load) string { return of(l).Name }, strings.EqualFold},
	}
}

func placeFields(role string, of func(fkapi.Load) *fkapi.Stop) []loadField {
	part := func(name string, value func(fkapi.Stop) string) loadField {
		return loadField{role + "." + name, func(l fkapi.Load) string {
			if s := of(l); s != nil {
				return value(*s)
			}
			return ""
		}, strings.EqualFold}
	}
	return []loadField{
		part("name", func(s fkapi.Stop) string { return s.Name }),
		part("city", func(s fkapi.Stop) string { return s.City }),
	}
}

func list(all []string) string {
	all = slices.Clone(all)
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func instantText(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// sameInstant allows what is lost on the way through tables that keep whole seconds.
func sameInstant(a, b string) bool {
	first, errA := time.Parse(time.RFC3339Nano, a)
	second, errB := time.Parse(time.RFC3339Nano, b)
	return errors.Join(errA, errB) == nil && first.Sub(second).Abs() < time.Second
}
