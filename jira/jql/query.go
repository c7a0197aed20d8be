package jql

import (
	"errors"
	"slices"
	"strings"
)

// Query is a whole search. The zero Query finds nothing: sites refuse a search that is not bounded.
type Query struct {
	where Clause
	order []string
	err   error
}

// Direction is the order of a field's values.
type Direction bool

// The directions.
const (
	Ascending  Direction = false
	Descending Direction = true
)

// Where is the search for the issues for which the clause holds.
func Where(c Clause) Query { return Query{where: c} }

// maxOrder is how many fields the site orders by.
const maxOrder = 7

// OrderBy orders what the fields before have left equal. A query is ordered by at most seven fields.
func (q Query) OrderBy(f Field, d Direction) Query {
	if f.name == "" {
		q.err = errors.Join(q.err, broken(f, errNoField).err)
		return q
	}
	word := " ASC"
	if d == Descending {
		word = " DESC"
	}
	q.order = append(slices.Clip(q.order), f.name+word)
	return q
}

// Build is the search as Jira reads it, or every problem of its clauses, by field.
func (q Query) Build() (string, error) {
	err := errors.Join(q.where.err, q.err)
	if q.where.text == "" && err == nil {
		err = errors.New("no clause: a search must be bounded")
	}
	if len(q.order) > maxOrder {
		err = errors.Join(err, errors.New("ordered by more than seven fields"))
	}
	if err != nil {
		return "", errors.New("jql: " + strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	text := q.where.text
	if len(q.order) > 0 {
		text += " ORDER BY " + strings.Join(q.order, ", ")
	}
	return text, nil
}
