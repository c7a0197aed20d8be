package confluencetest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/internal/adf"
)

type space struct{ id, key, name string }

// Body is what a page holds in each format; an empty one comes empty.
type Body struct {
	Document string // atlas_doc_format: JSON
	Storage  string // XHTML with macros
	View     string // HTML
}

// page is one page with all its versions, the first first.
type page struct {
	confluence.Page
	versions    []version
	comments    []confluence.Comment
	attachments []Attachment
	position    int
}

type version struct {
	confluence.Version
	title string
	body  Body
}

// AddSpace adds a space and gives its id. The first page of an unknown space adds it too.
func (s *Server) AddSpace(key, name string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addSpace(key, name)
}

func (s *Server) addSpace(key, name string) string {
	for _, have := range s.spaces {
		if have.key == key {
			return have.id
		}
	}
	s.number++
	id := strconv.Itoa(s.number)
	s.spaces = append(s.spaces, space{id, key, name})
	return id
}

// AddPage adds a page and gives its id. Its Body is Markdown; Title, Space, ParentID, Status, Labels, AuthorID, OwnerID and
// Created count too, and ID where it is set.
func (s *Server) AddPage(p confluence.Page) (id string) {
	return s.AddPageWith(p, Body{Document: document(p.Body)})
}

// AddPageWith is AddPage with the bodies as the site keeps them.
func (s *Server) AddPageWith(p confluence.Page, body Body) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ID == "" {
		s.number++
		p.ID = strconv.Itoa(s.number)
	}
	if p.Space == "" {
		p.Space = "OPS"
	}
	if p.Status == "" {
		p.Status = "current"
	}
	if p.Created.IsZero() {
		p.Created = time.Date(2025, 1, 1, 0, 0, len(s.pages), 0, time.UTC)
	}
	p.SpaceID = s.addSpace(p.Space, p.Space+" space")
	p.Labels, p.Body = slices.Clone(p.Labels), ""
	one := &page{Page: p, position: len(s.pages)}
	one.add(p.Title, body, confluence.Version{At: p.Created, AuthorID: p.AuthorID})
	s.pages = append(s.pages, one)
	return p.ID
}

// Update gives a page a new body in Markdown, as its next version. An empty title stays as it was; an unknown id is left
// alone.
func (s *Server) Update(id, title, markdown, message string) {
	s.UpdateWith(id, title, Body{Document: document(markdown)}, message)
}

// UpdateWith is Update with the bodies as the site keeps them.
func (s *Server) UpdateWith(id, title string, body Body, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(id); p != nil {
		p.add(title, body, confluence.Version{At: p.last().At.Add(time.Hour), AuthorID: p.AuthorID, Message: message})
	}
}

func (p *page) add(title string, body Body, v confluence.Version) {
	if title == "" {
		title = p.Title
	}
	p.Title = title
	v.Number = len(p.versions) + 1
	p.versions = append(p.versions, version{v, title, body})
}

func (p *page) last() version { return p.versions[len(p.versions)-1] }

// AddComment adds comments below a page; Body is Markdown. An unknown id is left alone.
func (s *Server) AddComment(page string, comments ...confluence.Comment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(page)
	for _, c := range comments {
		if p == nil {
			return
		}
		if s.number++; c.ID == "" {
			c.ID = strconv.Itoa(s.number)
		}
		if c.Status == "" {
			c.Status = "current"
		}
		p.comments = append(p.comments, c)
	}
}

// Attachment is a file of a page. The site tells of it, and does not give its content.
type Attachment struct {
	ID        string // empty = a fresh one
	Title     string // the name of the file
	MediaType string // empty = application/octet-stream
	Comment   string
	Size      int64     // in bytes
	Created   time.Time // zero = as the page
}

// AddAttachment adds files to a page. An unknown id is left alone.
func (s *Server) AddAttachment(page string, attachments ...Attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(page)
	for _, a := range attachments {
		if p == nil {
			return
		}
		if s.number++; a.ID == "" {
			a.ID = "att" + strconv.Itoa(s.number)
		}
		if a.MediaType == "" {
			a.MediaType = "application/octet-stream"
		}
		if a.Created.IsZero() {
			a.Created = p.Created
		}
		p.attachments = append(p.attachments, a)
	}
}

// find is the page of an id. The caller holds the lock.
func (s *Server) find(id string) *page {
	for _, p := range s.pages {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// document is Markdown as the site keeps it.
func document(markdown string) string {
	made, err := adf.FromMarkdown(markdown)
	if err != nil {
		return ""
	}
	return string(made)
}

// text is all that a search looks into.
func (p *page) text() string {
	body := p.last().body
	text, _, err := adf.Markdown([]byte(body.Document))
	if err != nil || strings.TrimSpace(text) == "" {
		text, _ = adf.MarkdownOfStorage(body.Storage + body.View)
	}
	return p.Title + "\n" + text
}

// Forms of the link to the next page that have been seen of the site and its proxies.
var (
	Relative = func(path string) string { return path }
	// Foreign leads to another host.
	Foreign = func(path string) string { return "https://evil.example.com" + path }
)

// SetLinks changes the links to the next page, which a client must not follow: form gets the path that the site would give.
// Nil = as the site gives them.
func (s *Server) SetLinks(form func(path string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links = form
}
