// Package jql builds searches of Jira whose values mean themselves, whatever they hold: a value is always quoted, its
// backslashes are escaped before its quotes, and a character that no string of JQL may hold is refused with its position. Names
// of fields come from this package alone.
//
//	q := jql.Where(jql.And(jql.Equal(jql.Project, "OPS"), jql.Contains(jql.Text, text))).OrderBy(jql.Created, jql.Descending)
//	query, err := q.Build()
//
// A text term is another thing than a string: fields of text are searched by ~, and what stands behind it is a second language,
// in which quotes make a phrase and other characters have a meaning. [Contains] and [Phrase] write it.
package jql
