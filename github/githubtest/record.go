package githubtest

import (
	"crypto/sha1" //nolint:gosec // git's names are SHA-1
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/github"
)

// repo is one repository.
type repo struct {
	github.Repo
	id          int64
	hidden      bool
	commits     []*commit // the oldest first
	refs        map[string]string
	pulls       []*pull
	releases    []Release
	deployments []deployed
	runs        []github.WorkflowRun
	jobs        map[int64][]github.Job
	logs        map[int64]string
}

// commit is one commit and all files as they are after it.
type commit struct {
	sha, parent     string
	message, author string
	email           string
	at              time.Time
	files           map[string]string
}

type pull struct {
	github.PullRequest
	base, head string // commits
}

// Push is a commit that is added to a repository.
type Push struct {
	Message string
	Author  string    // name and login
	At      time.Time // zero = an hour after the one before
	Branch  string    // empty = the default branch
	Files   map[string]string
	Removed []string
}

// Release is a release of a repository.
type Release struct {
	Tag, Name, Author string
	At                time.Time // when it was published
	Draft             bool
}

// Deploy is a deployment of a repository.
type Deploy struct {
	Environment, Ref, SHA, Author string
	At                            time.Time
	State                         string // of its newest status; empty = it has none
}

type deployed struct {
	Deploy
	id int64
}

// AddRepo adds a repository, which is empty. An empty default branch is main.
func (s *Server) AddRepo(r github.Repo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.DefaultBranch == "" {
		r.DefaultBranch = "main"
	}
	s.number++
	s.repos = append(s.repos, &repo{
		Repo: r, id: s.number, refs: map[string]string{}, jobs: map[int64][]github.Job{}, logs: map[int64]string{},
	})
}

// change does something to a repository; an unknown one is added first.
func (s *Server) change(name string, do func(*repo)) {
	s.mu.Lock()
	found := s.find(name)
	s.mu.Unlock()
	if found == nil {
		s.AddRepo(github.Repo{Name: name})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s.find(name))
}

// find is a repository by its present name. The caller holds the lock.
func (s *Server) find(name string) *repo {
	for _, r := range s.repos {
		if strings.EqualFold(r.Name, name) && !r.hidden {
			return r
		}
	}
	return nil
}

// AddCommit adds a commit and gives its SHA. An unknown repository is added.
func (s *Server) AddCommit(name string, p Push) (sha string) {
	s.change(name, func(r *repo) {
		branch := p.Branch
		if branch == "" {
			branch = r.DefaultBranch
		}
		c := &commit{parent: r.refs[branch], message: p.Message, author: p.Author, email: p.Author + "@example.com", at: p.At, files: map[string]string{}}
		if before := r.commit(c.parent); before != nil {
			c.files = maps.Clone(before.files)
			if c.at.IsZero() {
				c.at = before.at.Add(time.Hour)
			}
		}
		if c.at.IsZero() {
			c.at = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		maps.Copy(c.files, p.Files)
		for _, path := range p.Removed {
			delete(c.files, path)
		}
		c.sha = nameOf(fmt.Sprint(name, len(r.commits), c.parent, c.message, c.at))
		sha = c.sha
		r.commits = append(r.commits, c)
		r.refs[branch] = sha
	})
	return sha
}

func nameOf(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // git's names are SHA-1
	return hex.EncodeToString(sum[:])
}

// blob is git's name of a content.
func blob(content string) string { return nameOf(fmt.Sprintf("blob %d\x00%s", len(content), content)) }

// AddTag names a commit.
func (s *Server) AddTag(name, tag, sha string) { s.change(name, func(r *repo) { r.refs[tag] = sha }) }

// AddPullRequest adds a pull request between two commits and gives its number. A state of merged needs its Merged time.
func (s *Server) AddPullRequest(name string, p github.PullRequest, base, head string) (number int) {
	s.change(name, func(r *repo) {
		if p.Number == 0 {
			p.Number = len(r.pulls) + 1
		}
		if p.Updated.IsZero() {
			p.Updated = p.Merged
		}
		if p.Created.IsZero() {
			p.Created = p.Updated
		}
		number = p.Number
		r.pulls = append(r.pulls, &pull{p, base, head})
	})
	return number
}

// AddRelease adds a release.
func (s *Server) AddRelease(name string, release Release) {
	s.change(name, func(r *repo) { r.releases = append(r.releases, release) })
}

// AddDeployment adds a deployment.
func (s *Server) AddDeployment(name string, d Deploy) {
	s.change(name, func(r *repo) {
		s.number++
		r.deployments = append(r.deployments, deployed{d, s.number})
	})
}

// AddWorkflowRun adds a run and gives its id.
func (s *Server) AddWorkflowRun(name string, run github.WorkflowRun) (id int64) {
	s.change(name, func(r *repo) {
		s.number++
		run.ID, id = s.number, s.number
		r.runs = append(r.runs, run)
	})
	return id
}

// AddJob adds a job to a run, with its log, and gives its id.
func (s *Server) AddJob(name string, run int64, job github.Job, log string) (id int64) {
	s.change(name, func(r *repo) {
		s.number++
		job.ID, id = s.number, s.number
		r.jobs[run] = append(r.jobs[run], job)
		r.logs[id] = log
	})
	return id
}

// Rename gives a repository another name. The old one leads there, on the same host unless [Server.SetElsewhere] says another.
func (s *Server) Rename(name, to string) {
	s.change(name, func(r *repo) {
		s.renamed[strings.ToLower(name)] = to
		r.Name = to
	})
}

// SetElsewhere is the base URL that renamed repositories lead to; empty = this server's own.
func (s *Server) SetElsewhere(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.elsewhere = base
}

// Hide takes a repository out of what the credential may read.
func (s *Server) Hide(name string) { s.change(name, func(r *repo) { r.hidden = true }) }

// SetIncomplete makes searches ones that ran out of time.
func (s *Server) SetIncomplete(incomplete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incomplete = incomplete
}

// commit is a commit by its SHA, or by the beginning of it.
func (r *repo) commit(sha string) *commit {
	if len(sha) < 4 {
		return nil
	}
	for _, c := range r.commits {
		if strings.HasPrefix(c.sha, sha) {
			return c
		}
	}
	return nil
}

// resolve is the commit of a branch, a tag, HEAD or a SHA; empty = the default branch.
func (r *repo) resolve(ref string) *commit {
	if ref == "" || ref == "HEAD" {
		ref = r.DefaultBranch
	}
	if sha, ok := r.refs[strings.TrimPrefix(ref, "heads/")]; ok {
		return r.commit(sha)
	}
	return r.commit(ref)
}

// history are a commit and those before it, the newest first.
func (r *repo) history(c *commit) []*commit {
	var all []*commit
	for ; c != nil; c = r.commit(c.parent) {
		all = append(all, c)
	}
	return all
}

// before are the files of the commit before.
func (r *repo) before(c *commit) map[string]string {
	if p := r.commit(c.parent); p != nil {
		return p.files
	}
	return nil
}

// paths of both, in order.
func paths(a, b map[string]string) []string {
	all := slices.Collect(maps.Keys(a))
	all = slices.AppendSeq(all, maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}
