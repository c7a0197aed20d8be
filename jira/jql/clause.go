package jql

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/querytext"
)

// Clause is a condition. The zero Clause holds for every issue, and is left out of And and Or.
type Clause struct {
	text string
	err  error
	many bool // parts beside each other, which need parentheses within another
}

// Equal holds where the field has the value.
func Equal(f Field, value string) Clause { return compared(f, "=", value) }

// NotEqual holds where the field has another value; where it has none, it does not hold, as JQL defines it.
func NotEqual(f Field, value string) Clause { return compared(f, "!=", value) }

func compared(f Field, operator, value string) Clause {
	if !f.list {
		return broken(f, errors.New("it is not compared by "+operator))
	}
	quoted, err := querytext.Quote(value)
	if err != nil {
		return broken(f, err)
	}
	return Clause{text: f.name + " " + operator + " " + quoted}
}

// In holds where the field has one of the values. Without values it is an error: such a clause would hold nowhere, or
// everywhere, as the site likes.
func In(f Field, values ...string) Clause { return among(f, "IN", values) }

// NotIn holds where the field has another value than these.
func NotIn(f Field, values ...string) Clause { return among(f, "NOT IN", values) }

func among(f Field, operator string, values []string) Clause {
	if !f.list || len(values) == 0 {
		return broken(f, errors.New(operator+" needs a field that is compared, and values"))
	}
	all := make([]string, 0, len(values))
	for i, value := range values {
		quoted, err := querytext.Quote(value)
		if err != nil {
			return broken(f, fmt.Errorf("value %d: %w", i+1, err))
		}
		all = append(all, quoted)
	}
	return Clause{text: f.name + " " + operator + " (" + strings.Join(all, ", ") + ")"}
}

// Empty holds where the field has no value.
func Empty(f Field) Clause {
	if f.name == "" {
		return broken(f, errNoField)
	}
	return Clause{text: f.name + " IS EMPTY"}
}

// NotEmpty holds where the field has a value.
func NotEmpty(f Field) Clause {
	if f.name == "" {
		return broken(f, errNoField)
	}
	return Clause{text: f.name + " IS NOT EMPTY"}
}

var errNoField = errors.New("no field; use one of this package")

// Contains holds where the text has every one of the words, in any order and form. Characters that mean something to the text
// search mean themselves. A text without a word that is searched for is an error.
func Contains(f Field, words string) Clause {
	return searched(f, words, func(text string) string {
		all := strings.Fields(text)
		for i, word := range all {
			all[i] = querytext.Word(word)
		}
		return strings.Join(all, " ")
	})
}

// Phrase holds where the text has the words in this order, next to each other.
func Phrase(f Field, words string) Clause { return searched(f, words, querytext.Term) }

func searched(f Field, words string, term func(string) string) Clause {
	if !f.text {
		return broken(f, errors.New("it is not a field of text"))
	}
	if _, err := querytext.Quote(words); err != nil { // with the position in what the caller gave
		return broken(f, err)
	}
	if !querytext.Searchable(words) {
		return broken(f, errors.New("no word to search for"))
	}
	quoted, err := querytext.Quote(term(words))
	if err != nil {
		return broken(f, err)
	}
	return Clause{text: f.name + " ~ " + quoted}
}

// minute is how JQL writes an instant; it has no zone, and means that of the account that asks.
const minute = "2006-01-02 15:04"

// Since holds where the time of the field is not before the instant, to the minute, as the zone of the account that asks reads
// it. An account's zone is not known here: the instant is written in its own location, so give it in the account's, or widen
// the window by a day.
func Since(f Field, at time.Time) Clause { return timed(f, ">=", at) }

// Before holds where the time of the field is before the instant, to the minute, as [Since] reads it.
func Before(f Field, at time.Time) Clause { return timed(f, "<", at) }

func timed(f Field, operator string, at time.Time) Clause {
	switch {
	case f.text || f.list || f.name == "":
		return broken(f, errors.New("it is not a field of time"))
	case at.IsZero() || at.Year() < 1 || at.Year() > 9999:
		return broken(f, errors.New("no instant between the years 1 and 9999"))
	}
	return Clause{text: f.name + " " + operator + ` "` + at.Format(minute) + `"`}
}

// Within holds where the time of the field is at most so long ago, in whole minutes, by the clock of the site.
func Within(f Field, ago time.Duration) Clause {
	switch {
	case f.text || f.list || f.name == "":
		return broken(f, errors.New("it is not a field of time"))
	case ago < time.Minute || ago > 100*365*24*time.Hour:
		return broken(f, errors.New("no time between a minute and a hundred years"))
	}
	return Clause{text: fmt.Sprintf(`%s >= "-%dm"`, f.name, int64(ago/time.Minute))}
}

// And holds where every clause does.
func And(clauses ...Clause) Clause { return combined(" AND ", clauses) }

// Or holds where one of the clauses does.
func Or(clauses ...Clause) Clause { return combined(" OR ", clauses) }

func combined(word string, clauses []Clause) Clause {
	var parts []string
	var problems []error
	var last Clause
	for _, c := range clauses {
		problems = append(problems, c.err)
		if c.text != "" {
			parts, last = append(parts, c.enclosed()), c
		}
	}
	if err := errors.Join(problems...); err != nil {
		return Clause{err: err}
	}
	if len(parts) == 1 {
		return last
	}
	return Clause{text: strings.Join(parts, word), many: true}
}

// Not holds where the clause does not.
func Not(c Clause) Clause {
	if c.err != nil || c.text == "" {
		return c
	}
	return Clause{text: "NOT (" + c.text + ")"}
}

func (c Clause) enclosed() string {
	if c.many {
		return "(" + c.text + ")"
	}
	return c.text
}

func broken(f Field, err error) Clause {
	name := f.name
	if name == "" {
		name = "field"
	}
	return Clause{err: fmt.Errorf("%s: %w", name, err)}
}
