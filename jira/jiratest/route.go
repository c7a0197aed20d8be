package jiratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/jira"
)

const api = "/rest/api/3/"

// route answers a request whose credential was accepted.
func (s *Server) route(r *http.Request, asked wire.Asked) wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, gateway)
	if rest, ok := strings.CutPrefix(path, "/rest/dev-status/latest/issue/"); ok && r.Method == http.MethodGet {
		return s.development(rest, r)
	}
	rest, ok := strings.CutPrefix(path, api)
	if !ok {
		return problem(http.StatusNotFound, "null for uri: "+path)
	}
	switch what, more, _ := strings.Cut(rest, "/"); r.Method + " " + what {
	case "GET myself":
		return answerOf(http.StatusOK, account(jira.User{AccountID: "demo-account", Name: "Demo", Email: Email, TimeZone: "Etc/UTC"}))
	case "GET serverInfo":
		return answerOf(http.StatusOK, object{"baseUrl": s.URL, "deploymentType": "Cloud", "version": "1001.0.0", "serverTitle": "Demo"})
	case "GET field":
		return answerOf(http.StatusOK, s.fieldList())
	case "GET search", "POST search":
		return s.search(r, asked, more)
	case "GET issue", "POST issue":
		return s.ofIssue(r, asked, more)
	case "GET attachment":
		return s.content(r, strings.TrimPrefix(more, "content/"))
	}
	return problem(http.StatusNotFound, "null for uri: "+path)
}

func (s *Server) fieldList() []object {
	all := []object{}
	for _, f := range s.fields {
		all = append(all, object{
			"id": f.ID, "key": f.ID, "name": f.Name, "custom": f.Custom, "clauseNames": f.JQL, "navigable": true, "searchable": true, "orderable": true,
			"schema": object{"type": f.Type},
		})
	}
	return all
}

// absent is the answer about an issue that is not there, or not to be seen.
func absent() wire.Answer {
	return problem(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

func (s *Server) ofIssue(r *http.Request, asked wire.Asked, rest string) wire.Answer {
	key, what, _ := strings.Cut(rest, "/")
	found := s.find(key)
	if found == nil {
		return absent()
	}
	query := r.URL.Query()
	switch r.Method + " " + what {
	case "GET ":
		fields := strings.Split(strings.Join(query["fields"], ","), ",")
		if len(query["fields"]) == 0 {
			fields = []string{"*all"}
		}
		return answerOf(http.StatusOK, s.encode(found, fields, query.Get("expand")))
	case "GET comment":
		all := comments(found.comments)
		if strings.HasPrefix(query.Get("orderBy"), "-") {
			slices.Reverse(all)
		}
		return offsets(r, "comments", all, false)
	case "POST comment":
		return s.write(found, asked)
	case "GET changelog":
		return offsets(r, "values", entries(found.changes), true)
	case "GET remotelink":
		return answerOf(http.StatusOK, remoteLinks(found.links))
	}
	return problem(http.StatusNotFound, "null for uri: "+r.URL.Path)
}

// offsets is a piece of a list that goes on from an offset.
func offsets(r *http.Request, name string, all []object, last bool) wire.Answer {
	query := r.URL.Query()
	from, err := strconv.Atoi("0" + query.Get("startAt"))
	most, err2 := strconv.Atoi("0" + query.Get("maxResults"))
	if err != nil || err2 != nil {
		return problem(http.StatusBadRequest, "startAt and maxResults must be numbers")
	}
	if most == 0 || most > 100 {
		most = 100
	}
	from = min(from, len(all))
	to := min(from+most, len(all))
	out := object{name: all[from:to], "startAt": from, "maxResults": most, "total": len(all)}
	if last {
		out["isLast"] = to == len(all)
	}
	return answerOf(http.StatusOK, out)
}

func entries(changes []jira.Change) []object {
	all := []object{}
	for _, c := range changes {
		item := object{"field": c.Field, "fieldtype": "jira", "from": orNull(c.From), "fromString": orNull(c.FromText), "to": orNull(c.To), "toString": orNull(c.ToText)}
		if c.FieldID != "" {
			item["fieldId"] = c.FieldID
		}
		if last := len(all) - 1; last >= 0 && all[last]["id"] == c.ID {
			items, _ := all[last]["items"].([]object)
			all[last]["items"] = append(items, item)
			continue
		}
		entry := object{"id": c.ID, "created": stamp(c.At), "items": []object{item}}
		if a := account(c.Author); a != nil {
			entry["author"] = a
		}
		all = append(all, entry)
	}
	return all
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func remoteLinks(links []jira.RemoteLink) []object {
	all := []object{}
	for i, l := range links {
		id, _ := strconv.Atoi(l.ID)
		out := object{"id": max(id, i+1), "object": object{"title": l.Title, "url": l.URL, "summary": l.Summary, "status": object{"resolved": l.Resolved}}}
		if l.Relationship != "" {
			out["relationship"] = l.Relationship
		}
		if l.Application != "" {
			out["application"] = object{"name": l.Application, "type": "demo"}
		}
		all = append(all, out)
	}
	return all
}

// write takes a new comment.
func (s *Server) write(r *record, asked wire.Asked) wire.Answer {
	var in struct{ Body json.RawMessage }
	if json.Unmarshal(asked.Body, &in) != nil || len(in.Body) == 0 {
		return answerOf(http.StatusBadRequest, object{"errorMessages": []string{}, "errors": object{"comment": "Comment body is not valid!"}})
	}
	text, _, err := adf.Markdown(in.Body)
	if err != nil || in.Body[0] != '{' {
		return answerOf(http.StatusBadRequest, object{"errorMessages": []string{}, "errors": object{"comment": "Comment body is not valid!"}})
	}
	s.comment(r, jira.Comment{Body: text, Author: jira.User{AccountID: "demo-account", Name: "Demo"}, Created: time.Now().UTC()})
	s.front.Did(asked)
	return answerOf(http.StatusCreated, commentOf(r.comments[len(r.comments)-1]))
}

// content gives a file, or a part of it, or says where it is.
func (s *Server) content(r *http.Request, id string) wire.Answer {
	f, ok := s.files[id]
	if !ok {
		return problem(http.StatusNotFound, "The attachment with id '"+id+"' does not exist")
	}
	header := http.Header{"Content-Type": {f.kind}}
	if r.URL.Query().Get("redirect") != "false" {
		return wire.Answer{Status: http.StatusSeeOther, Header: http.Header{"Location": {"https://media.example.com/file/" + id}}}
	}
	text, asked := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !asked {
		return wire.Answer{Status: http.StatusOK, Header: header, Body: f.data}
	}
	first, last, _ := strings.Cut(text, "-")
	from, err := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err != nil || err2 != nil || from > to || from >= len(f.data) {
		header.Set("Content-Range", fmt.Sprintf("bytes */%d", len(f.data)))
		return wire.Answer{Status: http.StatusRequestedRangeNotSatisfiable, Header: header}
	}
	to = min(to, len(f.data)-1)
	header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(f.data)))
	return wire.Answer{Status: http.StatusPartialContent, Header: header, Body: f.data[from : to+1]}
}

// development is what code hosts have told of an issue.
func (s *Server) development(what string, r *http.Request) wire.Answer {
	query := r.URL.Query()
	found := s.find(query.Get("issueId"))
	if found == nil || query.Get("issueId") != found.issue.ID {
		return problem(http.StatusBadRequest, "issueId is invalid")
	}
	if what == "summary" {
		by := object{}
		for host, pulls := range found.pulls {
			by[host] = object{"count": len(pulls), "name": host}
		}
		return answerOf(http.StatusOK, object{"errors": []object{}, "summary": object{"pullrequest": object{"byInstanceType": by}}})
	}
	host := query.Get("applicationType")
	if slices.Contains(found.broken, host) {
		return answerOf(http.StatusOK, object{"errors": []object{{"error": "the instance does not answer", "instance": host}}, "detail": []object{}})
	}
	pulls := []object{}
	for _, p := range found.pulls[host] {
		pulls = append(pulls, object{
			"id": p.ID, "name": p.Title, "url": p.URL, "status": p.Status, "repositoryName": p.Repository, "author": object{"name": p.Author},
			"source": object{"branch": p.Source}, "destination": object{"branch": p.Destination}, "lastUpdate": stamp(p.Updated),
		})
	}
	return answerOf(http.StatusOK, object{"errors": []object{}, "detail": []object{{"pullRequests": pulls, "branches": []object{}}}})
}
