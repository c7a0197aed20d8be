package fkapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
)

// All methods only read; a search is a POST that changes nothing.
var (
	opPingTracking = &base.Op{Name: "Ping", Probe: true}
	opLoad         = &base.Op{Name: "Load"}
	opLoadByNumber = &base.Op{Name: "LoadByNumber"}
	opSearchLoads  = &base.Op{Name: "SearchLoads"}
	opFilterLoads  = &base.Op{Name: "FilterLoads"}
	opSearchPage   = &base.Op{Name: "SearchLoadsPage"}
	opFilterPage   = &base.Op{Name: "FilterLoadsPage"}
	opLoadStops    = &base.Op{Name: "LoadStops"}
	opLoadTimeline = &base.Op{Name: "LoadTimeline"}
)

// TrackingClient reads loads from the Tracking API. It is safe for concurrent use; Close ends it.
type TrackingClient struct{ *service }

var _ base.Client = (*TrackingClient)(nil)

// NewTracking makes a client of the Tracking API; it makes no call. It takes the options WithSecrets, WithTransport,
// WithDialer and WithTLS beside those that every source takes. Every problem of the
// Config is reported at once, in one ErrInvalid.
func NewTracking(ctx context.Context, c Config, opts ...base.Option) (*TrackingClient, error) {
	s, err := newService(ctx, c, "tracking", "NewTracking", cmp.Or(c.TrackingURL, DefaultTrackingURL), opts)
	if err != nil {
		return nil, err
	}
	return &TrackingClient{s}, nil
}

// Name is Config.Name, else "tracking".
func (c *TrackingClient) Name() string { return c.name }

// Health is what is known of the service without a call.
func (c *TrackingClient) Health() base.Health { return c.rest.Guard().Health() }

// Reload replaces the limits while calls run.
func (c *TrackingClient) Reload(l base.Limits) error { return c.rest.Guard().Reload(l) }

// Close refuses new calls at once and gives running ones base.CloseGrace to finish; then they are cut. It may be called
// again.
func (c *TrackingClient) Close() error { return c.close() }

// Ping asks for a load that does not exist. An answer in the form of the service proves reach and credentials.
func (c *TrackingClient) Ping(ctx context.Context) error {
	_, err := c.ask(ctx, c.one(opPingTracking, parameters{}.with("tracking_ids", "0")))
	return reached(err)
}

// Load is the load with that tracking id, which is made of digits. An unknown one is ErrNotFound.
func (c *TrackingClient) Load(ctx context.Context, trackingID string) (Load, error) {
	return c.load(ctx, opLoad, trackingID)
}

// LoadByNumber is the load with that load number, as the company of that permalink sees it; an empty company is the one
// that the credentials belong to. Of several loads with the number it is the newest, and its Notes name the others.
func (c *TrackingClient) LoadByNumber(ctx context.Context, number, company string) (Load, error) {
	op := opLoadByNumber
	if err := c.checkLoadNumber(op, number); err != nil {
		return Load{}, err
	}
	if err := optional(company, c.checkPermalink(op, "company", company)); err != nil {
		return Load{}, err
	}
	none := fmt.Sprintf("no load has the number %q", number)
	all, err := c.ask(ctx, c.one(op, parameters{}.with("load_ids", number), "company_id", company))
	if err != nil {
		return Load{}, naming(err, none, hintNumber)
	}
	all = slices.DeleteFunc(all, func(l Load) bool { return l.LoadNumber != "" && !strings.EqualFold(l.LoadNumber, number) })
	if len(all) == 0 {
		return Load{}, c.absent(op, none, hintNumber)
	}
	return newest(all), nil
}

func newest(all []Load) Load {
	slices.SortStableFunc(all, func(a, b Load) int { return b.CreatedAt.Compare(a.CreatedAt) })
	l := all[0]
	others := slices.DeleteFunc(all[1:], func(other Load) bool { return other.ID == l.ID })
	for i, other := range others {
		if i == maxOthers {
			l.Notes = append(l.Notes, fmt.Sprintf("loadNumber: %d more loads have the same number", len(others)-i))
			break
		}
		l.Notes = append(l.Notes, fmt.Sprintf("loadNumber: load %s of %s has the same number", other.ID, cmp.Or(other.Shipper.ID, "an unknown shipper")))
	}
	return l
}

// maxOthers is how many loads of the same number are named.
const maxOthers = 10

// LoadStops are the stops of a load in their sequence. A load without stops gives none.
func (c *TrackingClient) LoadStops(ctx context.Context, trackingID string) ([]Stop, error) {
	l, err := c.load(ctx, opLoadStops, trackingID)
	return l.Stops, err
}

// LoadTimeline is what the load's fields say about its life, oldest first.
func (c *TrackingClient) LoadTimeline(ctx context.Context, trackingID string) ([]TimelineEvent, error) {
	l, err := c.load(ctx, opLoadTimeline, trackingID)
	if err != nil {
		return nil, err
	}
	return l.Timeline(), nil
}

func (c *TrackingClient) load(ctx context.Context, op *base.Op, id string) (Load, error) {
	if err := c.checkTrackingID(op, id); err != nil {
		return Load{}, err
	}
	all, err := c.ask(ctx, c.one(op, parameters{}.with("tracking_ids", id)))
	if err != nil {
		return Load{}, namingLoad(err, id)
	}
	for _, l := range all {
		if l.ID == id {
			return l, nil
		}
	}
	switch {
	case len(all) == 0:
		return Load{}, c.absent(op, noLoad(id), hintLoad)
	case len(all) == 1 && all[0].ID == "":
		l := all[0]
		l.ID, l.Notes = id, append(l.Notes, "id: missing, taken from the question")
		return l, nil
	}
	return Load{}, c.protocol(op, "the answer is about another load than the one asked for")
}

// one is a GET of loads.
func (c *TrackingClient) one(op *base.Op, p parameters, more ...string) rest.Request {
	p = p.with("locale", c.locale)
	for i := 0; i+1 < len(more); i += 2 {
		p = p.with(more[i], more[i+1])
	}
	return rest.Request{Op: op, Method: http.MethodGet, Path: "/api/v1/tracking", Query: p.encode()}
}

func (c *TrackingClient) ask(ctx context.Context, r rest.Request) ([]Load, error) {
	d, err := c.call(ctx, r)
	if err != nil {
		return nil, err
	}
	return c.readLoads(r.Op, d)
}

// readLoads takes {loads:[…]}, {load:{…}} or a bare load.
func (c *TrackingClient) readLoads(op *base.Op, d document.Document) ([]Load, error) {
	if raw, there := d.Fields["loads"]; there {
		if document.IsNull(raw) {
			return nil, nil
		}
		inner, ok := d.Objects("loads")
		if !ok {
			return nil, c.protocol(op, "loads is not a list of objects")
		}
		all := make([]Load, 0, len(inner))
		for _, one := range inner {
			one.Name, one.Notes = "", new([]string)
			all = append(all, readLoad(one))
		}
		return all, nil
	}
	if raw, there := d.Fields["load"]; there {
		if document.IsNull(raw) {
			return nil, nil
		}
		inner, ok := d.Object("load")
		if !ok {
			return nil, c.protocol(op, "load is not an object")
		}
		d = inner
	} else if _, _, bare := d.Find([]string{"id", "trackingId", "loadNumber"}); !bare {
		return nil, c.protocol(op, "the answer has neither loads nor load")
	}
	d.Name, d.Notes = "", new([]string)
	return []Load{readLoad(d)}, nil
}
