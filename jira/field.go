package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
)

var opFields = &base.Op{Name: "Fields"}

// Field is one field that issues of the site can have.
type Field struct {
	ID     string   `json:"id"` // as in SearchOptions.Fields
	Name   string   `json:"name"`
	Custom bool     `json:"custom,omitempty"`
	Type   string   `json:"type,omitempty"` // of its values, such as string, array, option
	JQL    []string `json:"jql,omitempty"`  // the names that it has in a search
}

// fields is what is known of a site's fields. Who holds the place in asking may touch the others.
type fields struct {
	asking chan struct{}
	all    []Field
	until  time.Time
}

// keepFields is how long the fields of a site are taken for the same.
const keepFields = 10 * time.Minute

// Fields are all fields of the site, kept for ten minutes. Of callers that come at once, one asks.
func (c *Client) Fields(ctx context.Context) ([]Field, error) {
	f := &c.fields
	select {
	case f.asking <- struct{}{}:
		defer func() { <-f.asking }()
	case <-ctx.Done():
		return nil, c.ended(ctx)
	}
	if time.Now().Before(f.until) {
		return slices.Clone(f.all), nil
	}
	all, err := c.askFields(ctx)
	if err != nil {
		return nil, err
	}
	f.all, f.until = all, time.Now().Add(keepFields)
	return slices.Clone(all), nil
}

func (c *Client) ended(ctx context.Context) error {
	e := base.ClassifyNetwork(context.Cause(ctx))
	e.Source, e.Op, e.Sent = c.config.Name, opFields.Name, base.NotSent
	return e
}

func (c *Client) askFields(ctx context.Context) ([]Field, error) {
	raw, err := c.raw(ctx, rest.Request{Op: opFields, Method: http.MethodGet, Path: "/rest/api/3/field"})
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil, c.protocol(opFields, "the answer is no list of fields")
	}
	all := make([]Field, 0, len(list))
	for _, one := range list {
		d, err := document.New(one, "", new([]string))
		if err != nil {
			return nil, c.protocol(opFields, "the answer is no list of fields")
		}
		f := Field{ID: d.Text("id"), Name: d.Text("name"), JQL: d.Texts("clauseNames")}
		f.Custom, _ = d.Flag("custom")
		if s, ok := d.Object("schema"); ok {
			f.Type = s.Text("type")
		}
		all = append(all, f)
	}
	base.AddStats(ctx, base.Stats{Rows: int64(len(all))})
	return all, nil
}

// FieldsNamed are the fields of that name, in any case: a site may have several. An unknown name is ErrNotFound.
func (c *Client) FieldsNamed(ctx context.Context, name string) ([]Field, error) {
	all, err := c.Fields(ctx)
	if err != nil {
		return nil, err
	}
	var found []Field
	for _, f := range all {
		if strings.EqualFold(f.Name, name) || f.ID == name {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		e := base.NewError(base.KindNotFound, nil).WithText(fmt.Sprintf("no field has the name %.60q", name))
		e.Source, e.Op, e.Sent = c.config.Name, opFields.Name, base.Answered
		return nil, e
	}
	return found, nil
}
