package jiratest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/jira"
)

// record is one issue.
type record struct {
	issue    jira.Issue
	comments []jira.Comment
	changes  []jira.Change
	links    []jira.RemoteLink
	pulls    map[string][]jira.PullRequest // by the type of the code host
	broken   []string                      // code hosts that cannot be asked
	raw      map[string]json.RawMessage    // fields as they are to be answered
}

// file is the content of an attachment.
type file struct {
	data []byte
	kind string
}

// AddIssue adds issues. One without an ID or a Key gets the next free one, in the project OPS. Texts are Markdown; custom
// fields are given by name in Custom, and get an id if the site does not have the field yet. JQL knows project, key, issuetype,
// status, statusCategory, priority, resolution, labels, component, fixVersion, affectedVersion, parent, assignee, reporter,
// creator, summary, description, environment, comment, text, created, updated, resolved, due, and custom fields.
func (s *Server) AddIssue(issues ...jira.Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range issues {
		s.number++
		if i.ID == "" {
			i.ID = strconv.Itoa(s.number)
		}
		if i.Key == "" {
			i.Key = "OPS-" + strconv.Itoa(len(s.records)+1)
		}
		if i.Created.IsZero() {
			i.Created = time.Date(2025, 3, 1, 12, 0, len(s.records), 0, time.UTC)
		}
		if i.Updated.IsZero() {
			i.Updated = i.Created
		}
		if at := strings.LastIndexByte(i.Key, '-'); i.Project == "" {
			i.Project = i.Key[:max(0, at)]
		}
		r := &record{issue: i, pulls: map[string][]jira.PullRequest{}, raw: map[string]json.RawMessage{}}
		maps.Copy(r.raw, i.Extras)
		for _, name := range slices.Sorted(maps.Keys(i.Custom)) {
			r.raw[s.fieldID(name)] = i.Custom[name]
		}
		s.records = append(s.records, r)
		s.comment(r, i.Comments...)
	}
}

// fieldID is the id of a custom field, which is added if it is not there. The caller holds the lock.
func (s *Server) fieldID(name string) string {
	for _, f := range s.fields {
		if f.Custom && f.Name == name {
			return f.ID
		}
	}
	s.number++
	id := "customfield_" + strconv.Itoa(s.number)
	s.fields = append(s.fields, jira.Field{ID: id, Name: name, Custom: true, Type: "string", JQL: []string{"cf[" + strconv.Itoa(s.number) + "]", name}})
	return id
}

// SetField has a field of an issue answered as it is given, by the field's id: for what the real site sends and nobody expects.
func (s *Server) SetField(key, id string, raw json.RawMessage) {
	s.change(key, func(r *record) { r.raw[id] = raw })
}

// AddComment adds comments to an issue, oldest first; one without an ID gets the next free one.
func (s *Server) AddComment(key string, comments ...jira.Comment) {
	s.change(key, func(r *record) { s.comment(r, comments...) })
}

func (s *Server) comment(r *record, comments ...jira.Comment) {
	for _, c := range comments {
		if s.number++; c.ID == "" {
			c.ID = strconv.Itoa(s.number)
		}
		if c.Created.IsZero() {
			c.Created = r.issue.Created.Add(time.Duration(len(r.comments)+1) * time.Minute)
		}
		if c.Updated.IsZero() {
			c.Updated = c.Created
		}
		r.comments = append(r.comments, c)
	}
}

// AddChange adds what was changed of an issue, oldest first. Changes of one ID are one entry.
func (s *Server) AddChange(key string, changes ...jira.Change) {
	s.change(key, func(r *record) {
		for _, c := range changes {
			if s.number++; c.ID == "" {
				c.ID = strconv.Itoa(s.number)
			}
			r.changes = append(r.changes, c)
		}
	})
}

// AddRemoteLink adds links that lead out of Jira.
func (s *Server) AddRemoteLink(key string, links ...jira.RemoteLink) {
	s.change(key, func(r *record) { r.links = append(r.links, links...) })
}

// AddPullRequest adds pull requests of a type of code host, such as "GitHub".
func (s *Server) AddPullRequest(key, host string, pulls ...jira.PullRequest) {
	s.change(key, func(r *record) { r.pulls[host] = append(r.pulls[host], pulls...) })
}

// BreakCodeHost has the site fail to ask a type of code host about an issue, which it says in its answer.
func (s *Server) BreakCodeHost(key, host string) {
	s.change(key, func(r *record) {
		r.broken = append(r.broken, host)
		r.pulls[host] = append(r.pulls[host], []jira.PullRequest{}...)
	})
}

// AddAttachment adds a file to an issue and gives its id.
func (s *Server) AddAttachment(key, filename, mimeType string, data []byte) (id string) {
	s.change(key, func(r *record) {
		s.number++
		id = strconv.Itoa(s.number)
		s.files[id] = file{data: slices.Clone(data), kind: mimeType}
		r.issue.Attachments = append(r.issue.Attachments, jira.Attachment{
			ID: id, Filename: filename, MimeType: mimeType, Size: int64(len(data)), Created: r.issue.Created,
		})
	})
	return id
}

// Move gives an issue another key. The old one finds it still.
func (s *Server) Move(key, to string) {
	s.change(key, func(r *record) {
		s.moved[r.issue.Key] = to
		r.issue.Key = to
		r.issue.Project = to[:max(0, strings.LastIndexByte(to, '-'))]
	})
}

// change does something to an issue; an unknown key is left alone.
func (s *Server) change(key string, do func(*record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(key); r != nil {
		do(r)
	}
}

// find is the issue of a key or an id. The caller holds the lock.
func (s *Server) find(key string) *record {
	for range len(s.moved) {
		to, ok := s.moved[strings.ToUpper(key)]
		if !ok {
			break
		}
		key = to
	}
	for _, r := range s.records {
		if strings.EqualFold(r.issue.Key, key) || r.issue.ID == key {
			return r
		}
	}
	return nil
}

// rich is Markdown as the site answers it; nothing is null.
func rich(markdown string) any {
	if markdown == "" {
		return nil
	}
	made, err := adf.FromMarkdown(markdown)
	if err != nil {
		return nil
	}
	return made
}
