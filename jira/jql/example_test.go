package jql_test

import (
	"fmt"

	"github.com/fourkites/sources/jira/jql"
)

func Example() {
	fromATicket := `x\" OR project = SECRET OR summary ~ \`
	q := jql.Where(jql.And(jql.Equal(jql.Project, "OPS"), jql.Equal(jql.Labels, fromATicket))).OrderBy(jql.Created, jql.Descending)
	fmt.Println(q.Build())
	// Output: project = "OPS" AND labels = "x\\\" OR project = SECRET OR summary ~ \\" ORDER BY created DESC <nil>
}
