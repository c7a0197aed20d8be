package fkapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
)

const (
	hintLoad    = "check the id; the load may be older than the service keeps, or belong to another company"
	hintNumber  = "check the load number and the company; it may belong to another company"
	hintCompany = "check the permalink; permalinks are lower case"
	hintBaseURL = "the answer is not the service's own; check the base URL"
)

// absent is the error of a thing that the service does not know.
func (s *service) absent(op *base.Op, text, hint string) *base.Error {
	e := base.NewError(base.KindNotFound, nil).WithText(text)
	e.Source, e.Op, e.Sent, e.Hint = s.name, op.Name, base.Answered, hint
	return e
}

// naming has a not-found answer of the service say what was asked for.
func naming(err error, text, hint string) error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != base.KindNotFound {
		return err
	}
	named := *e
	if server, refused := errors.AsType[*ServerError](err); refused {
		text += ": " + server.Error()
	}
	if named.Hint == "" {
		named.Hint = hint
	}
	return named.WithText(text)
}

func noLoad(id string) string { return "no load has the tracking id " + id }
func noCompany(permalink string) string {
	return fmt.Sprintf("no company has the permalink %q", permalink)
}
func namingLoad(err error, id string) error { return naming(err, noLoad(id), hintLoad) }
func namingCompany(err error, permalink string) error {
	return naming(err, noCompany(permalink), hintCompany)
}

// strayWords stand in the 404 of a gateway or a framework, which speaks of the path and not of the thing behind it.
var strayWords = []string{"route", "path", "endpoint", "url", "cannot get", "cannot post"}

// stray reports whether a 404 says that the path is wrong, and so nothing about the thing that was asked for: it is not
// in the form of the service, has no word of its own, or speaks of the path. How the services word theirs is not
// documented; their answers carry a statusCode.
func (s *service) stray(r rest.Response, cause *ServerError) bool {
	d, err := document.New(r.Body, "", new([]string))
	if err != nil {
		return true
	}
	if _, there := d.Fields["path"]; there {
		return true
	}
	said := strings.ToLower(cause.Message)
	for _, word := range strayWords {
		if strings.Contains(said, word) {
			return true
		}
	}
	enveloped := d.Count("statusCode", "status_code") == r.Status
	return !enveloped && (said == "" || snake(said) == "not_found")
}

// reached takes the service's own answer that the probed thing does not exist for a proof of reach and credentials.
func reached(err error) error {
	if errors.Is(err, base.ErrNotFound) {
		return nil
	}
	return err
}
