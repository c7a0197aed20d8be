package jira

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/internal/document"
)

// readIssue takes an issue apart as the site sends it. names are the names of fields by their ids; those that the issue
// brings count first.
func (c *Client) readIssue(d document.Document, names map[string]string) Issue {
	d.Name, d.Notes = "", new([]string)
	i := Issue{ID: d.Text("id"), Key: d.Text("key")}
	own := map[string]string{}
	maps.Copy(own, names)
	if inner, ok := d.Object("names"); ok {
		for id := range inner.Fields {
			own[id] = inner.Text(id)
		}
	}
	if c.config.Server != "" && i.Key != "" {
		i.URL = strings.TrimRight(c.config.Server, "/") + "/browse/" + i.Key
	}
	if f, ok := d.Object("fields"); ok {
		f.Name = ""
		i.readFields(f)
		i.keep(f, own)
	}
	if i.Project == "" {
		i.Project = projectOf(i.Key)
	}
	slices.Sort(*d.Notes)
	i.Notes = append(i.Notes, slices.Compact(*d.Notes)...)
	return i
}

func (i *Issue) readFields(f document.Document) {
	i.Summary = f.Text("summary")
	i.Description, i.Environment = rich(f, "description"), rich(f, "environment")
	i.Type, i.Status, i.StatusCategory = nameOf(f, "issuetype"), "", ""
	if s, ok := f.Object("status"); ok {
		i.Status, i.StatusCategory = s.Text("name"), nameOf(s, "statusCategory")
	}
	if p, ok := f.Object("project"); ok {
		i.Project, i.ProjectName = p.Text("key"), p.Text("name")
	}
	if p, ok := f.Object("parent"); ok {
		i.Parent = p.Text("key")
	}
	i.Priority, i.Resolution = nameOf(f, "priority"), nameOf(f, "resolution")
	i.Reporter, i.Assignee, i.Creator = user(f, "reporter"), user(f, "assignee"), user(f, "creator")
	i.Created, i.Updated, i.Resolved = f.Time("created"), f.Time("updated"), f.Time("resolutiondate")
	i.Due = day(f, "duedate")
	i.Labels = f.Texts("labels")
	i.Components, i.FixVersions, i.AffectedVersions = namesOf(f, "components"), namesOf(f, "fixVersions"), namesOf(f, "versions")
	i.readLists(f)
}

func (i *Issue) readLists(f document.Document) {
	if inner, ok := f.Object("comment"); ok {
		all, _ := inner.Objects("comments")
		for _, one := range all {
			i.Comments = append(i.Comments, readComment(one))
		}
		i.CommentsTotal = max(inner.Count("total"), len(i.Comments))
	}
	all, _ := f.Objects("attachment")
	for _, one := range all {
		i.Attachments = append(i.Attachments, Attachment{
			ID: one.Text("id"), Filename: one.Text("filename"), MimeType: one.Text("mimeType"), Size: int64(one.Count("size")),
			Author: user(one, "author"), Created: one.Time("created"),
		})
	}
	all, _ = f.Objects("issuelinks")
	for _, one := range all {
		i.Links = append(i.Links, readLink(one))
	}
}

// keep puts what nobody took where its name is known, or into Extras.
func (i *Issue) keep(f document.Document, names map[string]string) {
	for id, raw := range f.Extras() {
		name := names[id]
		if name == "" || !strings.HasPrefix(id, "customfield_") {
			if i.Extras == nil {
				i.Extras = map[string]json.RawMessage{}
			}
			i.Extras[id] = raw
			continue
		}
		if i.Custom == nil {
			i.Custom = map[string]json.RawMessage{}
		}
		if _, taken := i.Custom[name]; taken { // two fields may have one name
			name = fmt.Sprintf("%s (%s)", name, id)
		}
		i.Custom[name] = raw
	}
}

func readLink(d document.Document) IssueLink {
	var l IssueLink
	kind, _ := d.Object("type")
	side, direction := "outwardIssue", "outward"
	if _, there := d.Fields["inwardIssue"]; there {
		side, direction = "inwardIssue", "inward"
	}
	if len(kind.Fields) > 0 {
		l.Type, l.Direction = kind.Text("name"), kind.Text(direction)
	}
	if other, ok := d.Object(side); ok {
		l.Key = other.Text("key")
		if f, ok := other.Object("fields"); ok {
			l.Summary, l.Status = f.Text("summary"), nameOf(f, "status")
		}
	}
	return l
}

func readComment(d document.Document) Comment {
	d.Name, d.Notes = "", new([]string)
	c := Comment{
		ID: d.Text("id"), Author: user(d, "author"), Body: rich(d, "body"), Created: d.Time("created"), Updated: d.Time("updated"),
	}
	if public, known := d.Flag("jsdPublic"); known {
		c.Internal = !public
	}
	c.Notes = *d.Notes
	return c
}

// rich is a field of rich text, as Markdown. What cannot be read stays where it is, for Extras, and is noted.
func rich(d document.Document, name string) string {
	_, raw, ok := d.Find([]string{name})
	if !ok {
		return ""
	}
	text, notes, err := adf.Markdown(raw)
	if err != nil {
		d.Note("%s: no document that can be read (%s), kept in extras", name, err)
		return ""
	}
	for _, note := range notes {
		d.Note("%s: %s", name, note)
	}
	delete(d.Fields, name)
	return text
}

func user(d document.Document, name string) User {
	inner, ok := d.Object(name)
	if !ok {
		return User{}
	}
	u := User{
		AccountID: inner.Text("accountId", "key", "name"), Name: inner.Text("displayName"), Email: inner.Text("emailAddress"),
		TimeZone: inner.Text("timeZone"),
	}
	if active, known := inner.Flag("active"); known {
		u.Active = &active
	}
	return u
}

// nameOf is the name of the thing in a field.
func nameOf(d document.Document, field string) string {
	inner, ok := d.Object(field)
	if !ok {
		return ""
	}
	return inner.Text("name", "value")
}

func namesOf(d document.Document, field string) []string {
	var all []string
	things, _ := d.Objects(field)
	for _, one := range things {
		if name := one.Text("name", "value"); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// day is a date without a time.
func day(d document.Document, name string) time.Time {
	_, raw, ok := d.Find([]string{name})
	if !ok {
		return time.Time{}
	}
	text, _ := document.Scalar(raw)
	at, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil {
		return d.Time(name)
	}
	delete(d.Fields, name)
	return at
}
