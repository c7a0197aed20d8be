package fkapi

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
)

var (
	opPingCompany   = &base.Op{Name: "Ping", Probe: true}
	opCompany       = &base.Op{Name: "Company"}
	opRelationships = &base.Op{Name: "Relationships"}
	opRelatedPage   = &base.Op{Name: "RelationshipsPage"}
	opCheckNetwork  = &base.Op{Name: "CheckNetwork"}
)

// CompanyClient reads companies and their relationships from the Company API. It is safe for concurrent use; Close ends
// it.
type CompanyClient struct{ *service }

var _ base.Client = (*CompanyClient)(nil)

// NewCompany makes a client of the Company API; it makes no call. Config.CompanyURL is required, for there is no public
// address. It takes the options of NewTracking. Every problem of the Config is reported at once, in one
// ErrInvalid.
func NewCompany(ctx context.Context, c Config, opts ...base.Option) (*CompanyClient, error) {
	s, err := newService(ctx, c, "company", "NewCompany", c.CompanyURL, opts)
	if err != nil {
		return nil, err
	}
	return &CompanyClient{s}, nil
}

// Name is Config.Name, else "company".
func (c *CompanyClient) Name() string { return c.name }

// Health is what is known of the service without a call.
func (c *CompanyClient) Health() base.Health { return c.rest.Guard().Health() }

// Reload replaces the limits while calls run.
func (c *CompanyClient) Reload(l base.Limits) error { return c.rest.Guard().Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cut. It may be called
// again.
func (c *CompanyClient) Close() error { return c.close() }

// probed is a permalink that no company has.
const probed = "-"

// Ping asks for a company that does not exist. An answer in the form of the service proves reach and credentials.
func (c *CompanyClient) Ping(ctx context.Context) error {
	_, err := c.company(ctx, opPingCompany, probed)
	return reached(err)
}

// Company is the company with that permalink. An unknown one is ErrNotFound.
func (c *CompanyClient) Company(ctx context.Context, permalink string) (Company, error) {
	if err := c.checkPermalink(opCompany, "permalink", permalink); err != nil {
		return Company{}, err
	}
	return c.company(ctx, opCompany, permalink)
}

func (c *CompanyClient) company(ctx context.Context, op *base.Op, permalink string) (Company, error) {
	d, err := c.call(ctx, rest.Request{Op: op, Method: http.MethodGet, Path: "/api/v1/companies/" + permalink})
	if err != nil {
		return Company{}, namingCompany(err, permalink)
	}
	if raw, there := d.Fields["company"]; there {
		inner, ok := d.Object("company")
		if !ok && !document.IsNull(raw) {
			return Company{}, c.protocol(op, "company is not an object")
		}
		if !ok {
			return Company{}, c.absent(op, noCompany(permalink), hintCompany)
		}
		d = inner
	}
	d.Name, d.Notes = "", new([]string)
	company := readCompany(d)
	company.Notes = d.Doubts(company.Notes)
	if company.ID == "" && company.Permalink == "" && company.Name == "" {
		return Company{}, c.protocol(op, "the answer holds no company")
	}
	return company, nil
}

// RelationshipsOptions says which relationships are wanted.
type RelationshipsOptions struct {
	Company string `json:"company"`           // permalink; required
	Related string `json:"related,omitempty"` // permalink of the other company; empty = all
	Type    string `json:"type,omitempty"`    // relationshipType, compared in any spelling; empty = all
	PerPage int    `json:"per_page,omitempty"`
	Limit   int    `json:"limit,omitempty"` // handed out by Relationships; 0 = 10,000, negative = no limit
}

const defaultRelated = 50

// Relationships yields the relationships of a company, each once. It ends as SearchLoads does.
func (c *CompanyClient) Relationships(ctx context.Context, o RelationshipsOptions) iter.Seq2[Relationship, error] {
	return c.relationships(ctx, opRelationships, o)
}

func (c *CompanyClient) relationships(ctx context.Context, op *base.Op, o RelationshipsOptions) iter.Seq2[Relationship, error] {
	l, err := c.related(op, o)
	if err != nil {
		return func(yield func(Relationship, error) bool) { yield(Relationship{}, err) }
	}
	return l.all(ctx, cmp.Or(o.Limit, defaultLimit))
}

// RelationshipsPage is one page of a company's relationships. An empty cursor is the first page.
func (c *CompanyClient) RelationshipsPage(ctx context.Context, o RelationshipsOptions, cursor string) (base.Page[Relationship], error) {
	l, err := c.related(opRelatedPage, o)
	if err != nil {
		return base.Page[Relationship]{Outcome: base.Failed}, err
	}
	return l.page(ctx, cursor)
}

func (c *CompanyClient) related(op *base.Op, o RelationshipsOptions) (listing[Relationship], error) {
	problems := []error{
		c.checkPermalink(op, "company", o.Company),
		optional(o.Related, c.checkPermalink(op, "related", o.Related)),
	}
	if o.PerPage < 0 || o.PerPage > maxPerPage {
		problems = append(problems, base.Invalid(c.name, op.Name, "per_page: %d is not between 1 and %d", o.PerPage, maxPerPage))
	}
	if err := errors.Join(problems...); err != nil {
		return listing[Relationship]{}, err
	}
	l := listing[Relationship]{
		service: c.service, op: op, query: fingerprintOf(o), size: cmp.Or(o.PerPage, defaultRelated), key: relationshipKey,
		fetch: func(ctx context.Context, at position) ([]Relationship, pagination, error) {
			return c.fetch(ctx, op, o, at)
		},
	}
	if o.Type != "" {
		l.keep = func(r *Relationship) bool { return snake(r.Type) == snake(o.Type) }
	}
	return l, nil
}

func relationshipKey(r Relationship) string {
	if r.ID != "" {
		return r.ID
	}
	return fingerprintOf(r) // two that differ in anything are two
}

func (c *CompanyClient) fetch(ctx context.Context, op *base.Op, o RelationshipsOptions, at position) ([]Relationship, pagination, error) {
	d, err := c.call(ctx, rest.Request{
		Op: op, Method: http.MethodGet, Path: "/api/v1/companies/" + o.Company + "/relationships",
		Query: parameters{}.with("related_company_id", o.Related).with("page", strconv.Itoa(at.Page)).
			with("per_page", strconv.Itoa(cmp.Or(o.PerPage, defaultRelated))).with("locale", c.locale).encode(),
	})
	if err != nil {
		return nil, pagination{}, namingCompany(err, o.Company)
	}
	raw, there := d.Fields["relationships"]
	if !there {
		return nil, pagination{}, c.protocol(op, "the answer has no relationships")
	}
	inner, ok := d.Objects("relationships")
	if !ok && !document.IsNull(raw) {
		return nil, pagination{}, c.protocol(op, "relationships is not a list of objects")
	}
	all := make([]Relationship, 0, len(inner))
	for _, one := range inner {
		one.Name, one.Notes = "", new([]string)
		all = append(all, readRelationship(one))
	}
	return all, readPagination(d, len(all)), nil
}
