package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/internal/wire"
)

func (s *Server) runs(r *http.Request, one *repo) wire.Answer {
	query := r.URL.Query()
	var found []github.WorkflowRun
	for _, run := range one.runs {
		if b := query.Get("branch"); b != "" && b != run.Branch {
			continue
		}
		if e := query.Get("event"); e != "" && e != run.Event {
			continue
		}
		if st := query.Get("status"); st != "" && st != run.Status && st != run.Conclusion {
			continue
		}
		if inside(query.Get("created"), run.Created) {
			found = append(found, run)
		}
	}
	slices.SortStableFunc(found, func(a, b github.WorkflowRun) int { return b.Created.Compare(a.Created) })
	return pageOf(s, r, found, func(run github.WorkflowRun) object {
		return object{
			"id": run.ID, "name": run.Name, "display_title": run.Title, "run_number": run.Number, "run_attempt": run.Attempt, "event": run.Event,
			"status": run.Status, "conclusion": nullable(run.Conclusion), "head_branch": run.Branch, "head_sha": run.SHA, "actor": user(run.Actor),
			"created_at": at(run.Created), "run_started_at": at(run.Started), "updated_at": at(run.Updated),
			"html_url": "https://github.example.com/" + one.Name + "/actions/runs/" + strconv.FormatInt(run.ID, 10),
		}
	}, func(list []object, n int) any { return object{"total_count": n, "workflow_runs": list} })
}

// inside reads a span of time in GitHub's language.
func inside(text string, t time.Time) bool {
	parse := func(text string) time.Time {
		at, _ := time.Parse(time.RFC3339, text)
		return at
	}
	from, to, both := strings.Cut(text, "..")
	switch {
	case text == "":
		return true
	case both:
		return !t.Before(parse(from)) && !t.After(parse(to))
	case strings.HasPrefix(text, ">="):
		return !t.Before(parse(text[2:]))
	case strings.HasPrefix(text, "<="):
		return !t.After(parse(text[2:]))
	}
	return false
}

func (s *Server) jobs(r *http.Request, one *repo, run int64) wire.Answer {
	return pageOf(s, r, one.jobs[run], func(j github.Job) object {
		steps := []object{}
		for _, step := range j.Steps {
			steps = append(steps, object{"number": step.Number, "name": step.Name, "conclusion": nullable(step.Conclusion), "status": "completed"})
		}
		return object{
			"id": j.ID, "run_id": run, "name": j.Name, "status": j.Status, "conclusion": nullable(j.Conclusion), "started_at": at(j.Started),
			"completed_at": at(j.Completed), "steps": steps, "html_url": "https://github.example.com/job/" + strconv.FormatInt(j.ID, 10),
		}
	}, func(list []object, n int) any { return object{"total_count": n, "jobs": list} })
}

// logs leads to the store.
func (s *Server) logs(one *repo, job string) wire.Answer {
	id, _ := strconv.ParseInt(job, 10, 64)
	if _, ok := one.logs[id]; !ok {
		return missing()
	}
	a := wire.Answer{Status: http.StatusFound, Header: http.Header{}}
	a.Header.Set("Location", s.store.URL()+"/logs/"+job+"?sig=presigned")
	return a
}

// serveLog is the store: it knows a link by its signature alone, and gives any part of a log.
func (s *Server) serveLog(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.fetched = append(s.fetched, Request{At: time.Now(), Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone()})
	id, _ := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/logs/"), 10, 64)
	text, found := "", false
	for _, one := range s.repos {
		if log, ok := one.logs[id]; ok {
			text, found = log, true
		}
	}
	s.mu.Unlock()
	if !found || r.URL.Query().Get("sig") == "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	http.ServeContent(w, r, "log.txt", time.Time{}, strings.NewReader(text))
}

// LogRequests are the requests that the store of logs received: none of them may carry a credential.
func (s *Server) LogRequests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.fetched)
}
