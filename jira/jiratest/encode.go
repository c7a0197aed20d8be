package jiratest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/jira"
)

// systemFields are the fields that every site has.
func systemFields() []jira.Field {
	var all []jira.Field
	for _, f := range [][3]string{
		{"summary", "Summary", "string"},
		{"description", "Description", "string"},
		{"environment", "Environment", "string"},
		{"issuetype", "Issue Type", "issuetype"},
		{"status", "Status", "status"},
		{"project", "Project", "project"},
		{"parent", "Parent", "issuelink"},
		{"priority", "Priority", "priority"},
		{"resolution", "Resolution", "resolution"},
		{"reporter", "Reporter", "user"},
		{"assignee", "Assignee", "user"},
		{"creator", "Creator", "user"},
		{"created", "Created", "datetime"},
		{"updated", "Updated", "datetime"},
		{"resolutiondate", "Resolved", "datetime"},
		{"duedate", "Due date", "date"},
		{"labels", "Labels", "array"},
		{"components", "Components", "array"},
		{"fixVersions", "Fix versions", "array"},
		{"versions", "Affects versions", "array"},
		{"comment", "Comment", "comments-page"},
		{"attachment", "Attachment", "array"},
		{"issuelinks", "Linked Issues", "array"},
	} {
		all = append(all, jira.Field{ID: f[0], Name: f[1], Type: f[2], JQL: []string{f[0]}})
	}
	return all
}

type object = map[string]any

// maxInline is how many comments come with an issue.
const maxInline = 50

// encode is an issue with these fields: ids, *all, *navigable, and -id for all but it.
func (s *Server) encode(r *record, fields []string, expand string) object {
	out := object{"id": r.issue.ID, "key": r.issue.Key, "self": s.URL + "/rest/api/3/issue/" + r.issue.ID}
	all := s.allFields(r)
	kept := object{}
	for id, value := range all {
		if wants(fields, id) {
			kept[id] = value
		}
	}
	if len(fields) != 1 || fields[0] != "id" {
		out["fields"] = kept
	}
	if slices.Contains(strings.Split(expand, ","), "names") {
		out["names"] = s.names(kept)
	}
	return out
}

func (s *Server) names(fields object) map[string]string {
	names := map[string]string{}
	for _, f := range s.fields {
		if _, there := fields[f.ID]; there {
			names[f.ID] = f.Name
		}
	}
	return names
}

func wants(fields []string, id string) bool {
	yes := false
	for _, f := range fields {
		switch {
		case f == "-"+id:
			return false
		case f == id || f == "*all" || f == "*navigable" && id != "comment" || strings.HasPrefix(f, "-"):
			yes = true
		}
	}
	return yes
}

func (s *Server) allFields(r *record) object {
	i := r.issue
	out := object{
		"summary": i.Summary, "description": rich(i.Description), "environment": rich(i.Environment), "issuetype": named(i.Type),
		"status": status(i), "project": object{"key": i.Project, "name": i.ProjectName, "id": "10000"},
		"priority": named(i.Priority), "resolution": named(i.Resolution), "reporter": account(i.Reporter), "assignee": account(i.Assignee),
		"creator": account(i.Creator), "created": stamp(i.Created), "updated": stamp(i.Updated), "resolutiondate": stamp(i.Resolved),
		"duedate": dayOf(i.Due), "labels": append([]string{}, i.Labels...), "components": namedAll(i.Components),
		"fixVersions": namedAll(i.FixVersions), "versions": namedAll(i.AffectedVersions), "issuelinks": links(i.Links),
		"attachment": s.attachments(i.Attachments),
	}
	if i.Parent != "" {
		out["parent"] = object{"key": i.Parent}
	}
	some := r.comments[:min(len(r.comments), maxInline)]
	out["comment"] = object{"comments": comments(some), "total": len(r.comments), "maxResults": len(some), "startAt": 0}
	for id, raw := range r.raw {
		out[id] = raw
	}
	return out
}

func named(name string) any {
	if name == "" {
		return nil
	}
	return object{"name": name}
}

func namedAll(names []string) []object {
	all := []object{}
	for _, name := range names {
		all = append(all, object{"name": name})
	}
	return all
}

func status(i jira.Issue) any {
	if i.Status == "" {
		return nil
	}
	return object{"name": i.Status, "statusCategory": object{"name": i.StatusCategory, "key": "new"}}
}

func account(u jira.User) any {
	if u == (jira.User{}) {
		return nil
	}
	out := object{"accountId": u.AccountID, "displayName": u.Name, "active": u.Active == nil || *u.Active, "accountType": "atlassian"}
	if u.Email != "" {
		out["emailAddress"] = u.Email
	}
	if u.TimeZone != "" {
		out["timeZone"] = u.TimeZone
	}
	return out
}

func dayOf(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.Format(time.DateOnly)
}

func links(all []jira.IssueLink) []object {
	out := []object{}
	for _, l := range all {
		side, kind := "outwardIssue", object{"name": l.Type, "outward": l.Direction, "inward": ""}
		if strings.HasPrefix(l.Direction, "is ") {
			side, kind = "inwardIssue", object{"name": l.Type, "inward": l.Direction, "outward": ""}
		}
		out = append(out, object{"type": kind, side: object{"key": l.Key, "fields": object{"summary": l.Summary, "status": named(l.Status)}}})
	}
	return out
}

func (s *Server) attachments(all []jira.Attachment) []object {
	out := []object{}
	for _, a := range all {
		out = append(out, object{
			"id": a.ID, "filename": a.Filename, "mimeType": a.MimeType, "size": a.Size, "created": stamp(a.Created), "author": account(a.Author),
			"content": s.URL + "/rest/api/3/attachment/content/" + a.ID,
		})
	}
	return out
}

func comments(all []jira.Comment) []object {
	out := []object{}
	for _, c := range all {
		out = append(out, commentOf(c))
	}
	return out
}

func commentOf(c jira.Comment) object {
	out := object{"id": c.ID, "body": rich(c.Body), "created": stamp(c.Created), "updated": stamp(c.Updated), "jsdPublic": !c.Internal}
	if a := account(c.Author); a != nil {
		out["author"] = a
	}
	return out
}

// texts is a raw field as JQL compares it.
func texts(raw json.RawMessage) []string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return flat(v)
}

func flat(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strings.TrimSpace(string(mustJSON(v)))}
	case []any:
		var all []string
		for _, inner := range v {
			all = append(all, flat(inner)...)
		}
		return all
	case map[string]any:
		return append(flat(v["value"]), flat(v["name"])...)
	}
	return nil
}

func mustJSON(v any) []byte {
	raw, _ := json.Marshal(v) // was JSON
	return raw
}
