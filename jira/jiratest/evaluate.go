package jiratest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jql"
)

// evaluation is one search over issues.
type evaluation struct {
	server *Server
	now    time.Time
}

// The fields by what may be asked of them.
var (
	textFields = []string{"text", "summary", "description", "comment", "environment"}
	timeFields = []string{"created", "createdDate", "updated", "updatedDate", "resolved", "resolutiondate", "due", "duedate"}
)

func isOneOf(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func (e evaluation) holds(x jql.Expr, r *record) (bool, error) {
	switch x.Op {
	case "AND", "OR":
		out := x.Op == "AND"
		for _, part := range x.Parts {
			ok, err := e.holds(part, r)
			if err != nil {
				return false, err
			}
			if x.Op == "AND" {
				out = out && ok
			} else {
				out = out || ok
			}
		}
		return out, nil
	case "NOT":
		ok, err := e.holds(x.Parts[0], r)
		return !ok, err
	}
	return e.compares(x, r)
}

func (e evaluation) compares(x jql.Expr, r *record) (bool, error) {
	have, err := e.values(x.Field, r)
	if err != nil {
		return false, err
	}
	wanted := x.Values
	if x.Function {
		if wanted, err = e.call(x); err != nil {
			return false, err
		}
	}
	isText, isTime := isOneOf(textFields, x.Field), isOneOf(timeFields, x.Field)
	misused := words(fmt.Sprintf("The operator '%s' is not supported by the '%s' field.", x.Op, x.Field))
	equal := func(value string) bool {
		return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, value) })
	}
	switch x.Op {
	case "IS EMPTY":
		return len(have) == 0, nil
	case "IS NOT EMPTY":
		return len(have) > 0, nil
	case "~", "!~":
		if isTime || !isText && !strings.HasPrefix(x.Field, "cf[") {
			return false, misused
		}
		return contains(have, wanted[0]) == (x.Op == "~"), nil
	case "=", "IN":
		if isText && !strings.EqualFold(x.Field, "comment") || isTime && x.Op == "IN" {
			return false, misused
		}
		return slices.ContainsFunc(wanted, equal), nil
	case "!=", "NOT IN":
		if isText {
			return false, misused
		}
		return len(have) > 0 && !slices.ContainsFunc(wanted, equal), nil
	}
	if !isTime {
		return false, misused
	}
	return e.earlierOrLater(x.Op, have, wanted[0], x.Field)
}

func (e evaluation) earlierOrLater(op string, have []string, wanted, field string) (bool, error) {
	bound, ok := e.instant(wanted)
	if !ok {
		return false, words(fmt.Sprintf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", wanted, field))
	}
	if len(have) == 0 {
		return false, nil
	}
	at, err := time.Parse(time.RFC3339, have[0])
	if err != nil {
		return false, nil //nolint:nilerr // a day that is not set
	}
	switch n := at.Compare(bound); op {
	case "<":
		return n < 0, nil
	case "<=":
		return n <= 0, nil
	case ">":
		return n > 0, nil
	}
	return at.Compare(bound) >= 0, nil
}

// call is the value of a function.
func (e evaluation) call(x jql.Expr) ([]string, error) {
	switch strings.ToLower(x.Values[0]) {
	case "now":
		return []string{e.now.UTC().Format(minute)}, nil
	case "startofday":
		return []string{e.now.UTC().Format(time.DateOnly)}, nil
	case "currentuser":
		return []string{"demo-account"}, nil
	}
	return nil, words(fmt.Sprintf("Unable to find JQL function '%s(%s)'.", x.Values[0], strings.Join(x.Values[1:], ", ")))
}

const minute = "2006-01-02 15:04"

var period = regexp.MustCompile(`^([+-]?)(\d{1,9})([mhdw])$`)

// instant is a time as JQL writes it; an account of this site is in UTC.
func (e evaluation) instant(text string) (time.Time, bool) {
	if m := period.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[2])
		by := time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[3]]
		if m[1] == "-" {
			by = -by
		}
		return e.now.Add(by), true
	}
	for _, layout := range []string{minute, "2006/01/02 15:04", time.DateOnly, "2006/01/02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// values are what a field of an issue holds; an unknown field is refused in the site's words.
func (e evaluation) values(field string, r *record) ([]string, error) {
	i := r.issue
	some := func(texts ...string) []string {
		return slices.DeleteFunc(slices.Clone(texts), func(t string) bool { return t == "" })
	}
	when := func(at time.Time) []string {
		if at.IsZero() {
			return nil
		}
		return []string{at.UTC().Format(time.RFC3339)}
	}
	who := func(u jira.User) []string { return some(u.AccountID, u.Name, u.Email) }
	all := map[string]func() []string{
		"project": func() []string { return some(i.Project, i.ProjectName) }, "key": func() []string { return some(i.Key) },
		"issuekey": func() []string { return some(i.Key) }, "id": func() []string { return some(i.ID) },
		"issuetype": func() []string { return some(i.Type) }, "type": func() []string { return some(i.Type) },
		"status": func() []string { return some(i.Status) }, "statuscategory": func() []string { return some(i.StatusCategory) },
		"priority": func() []string { return some(i.Priority) }, "resolution": func() []string { return some(i.Resolution) },
		"labels": func() []string { return i.Labels }, "component": func() []string { return i.Components },
		"fixversion": func() []string { return i.FixVersions }, "affectedversion": func() []string { return i.AffectedVersions },
		"parent": func() []string { return some(i.Parent) }, "assignee": func() []string { return who(i.Assignee) },
		"reporter": func() []string { return who(i.Reporter) }, "creator": func() []string { return who(i.Creator) },
		"summary": func() []string { return some(i.Summary) }, "description": func() []string { return some(i.Description) },
		"environment": func() []string { return some(i.Environment) }, "comment": func() []string { return bodies(r.comments) },
		"text":    func() []string { return append(some(i.Summary, i.Description, i.Environment), bodies(r.comments)...) },
		"created": func() []string { return when(i.Created) }, "updated": func() []string { return when(i.Updated) },
		"resolved": func() []string { return when(i.Resolved) }, "due": func() []string { return when(i.Due) },
	}
	if of, ok := all[strings.ToLower(field)]; ok {
		return of(), nil
	}
	for _, f := range e.server.fields {
		if f.Custom && isOneOf(f.JQL, field) {
			return texts(r.raw[f.ID]), nil
		}
	}
	return nil, words(fmt.Sprintf("Field '%s' does not exist or you do not have permission to view it.", field))
}

func bodies(all []jira.Comment) []string {
	var out []string
	for _, c := range all {
		out = append(out, c.Body)
	}
	return out
}

// contains reports whether texts hold a term of the text search: every word of it, or a phrase in quotes.
func contains(texts []string, term string) bool {
	whole := " " + strings.Join(wordsOf(strings.Join(texts, " ")), " ") + " "
	if phrase, ok := strings.CutPrefix(term, `"`); ok {
		return strings.Contains(whole, " "+strings.Join(wordsOf(plain(strings.TrimSuffix(phrase, `"`))), " ")+" ")
	}
	for _, word := range wordsOf(plain(term)) {
		if !strings.Contains(whole, " "+word+" ") {
			return false
		}
	}
	return true
}

// plain is a term without the backslashes before what would have a meaning.
func plain(term string) string {
	var b strings.Builder
	escaped := false
	for _, r := range term {
		if escaped = r == '\\' && !escaped; !escaped {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
