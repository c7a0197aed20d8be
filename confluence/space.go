package confluence

import (
	"context"
	"net/url"
	"time"

	"github.com/fourkites/sources/base"
)

// spaces are the keys of spaces by their ids, and the other way. Who holds the place in asking may touch the rest.
type spaces struct {
	asking chan struct{}
	byID   map[string]string
	byKey  map[string]string
	until  time.Time
}

const (
	keepSpaces = time.Hour // a space is renamed by its name, hardly ever by its key
	mostSpaces = 10_000
)

func newSpaces() spaces {
	return spaces{asking: make(chan struct{}, 1), byID: map[string]string{}, byKey: map[string]string{}}
}

// spaceKeyOf is the key of a space by its id.
func (c *Client) spaceKeyOf(ctx context.Context, op *base.Op, id string) (string, error) {
	if !pageID.MatchString(id) {
		return "", c.refused(op, base.KindNotFound, base.HintOf(hintHidden), "the answer does not say which space it is of")
	}
	return c.space(ctx, op, id, func() map[string]string { return c.spaces.byID }, url.Values{"ids": {id}})
}

// spaceIDOf is the id of a space by its key.
func (c *Client) spaceIDOf(ctx context.Context, op *base.Op, key string) (string, error) {
	if !c.allowed(key) {
		return "", c.refused(op, base.KindPermission, base.HintOf(hintSpaces), "the configuration does not allow the space %s", key)
	}
	return c.space(ctx, op, key, func() map[string]string { return c.spaces.byKey }, url.Values{"keys": {key}})
}

// space looks a name up, and asks the site for what is not known. Of callers that come at once, one asks.
func (c *Client) space(ctx context.Context, op *base.Op, name string, known func() map[string]string, query url.Values) (string, error) {
	s := &c.spaces
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		e := base.ClassifyNetwork(context.Cause(ctx))
		e.Source, e.Op, e.Sent = c.config.Name, op.Name, base.NotSent
		return "", e
	}
	if time.Now().After(s.until) || len(s.byID) > mostSpaces {
		s.byID, s.byKey, s.until = map[string]string{}, map[string]string{}, time.Now().Add(keepSpaces)
	}
	if found, ok := known()[name]; ok {
		return found, nil
	}
	d, err := c.object(ctx, op, "/wiki/api/v2/spaces", query)
	if err != nil {
		return "", err
	}
	all, ok := d.Objects("results")
	if !ok {
		return "", c.protocol(op, "the answer has no list of spaces")
	}
	for _, one := range all {
		if id, key := one.Text("id"), one.Text("key"); pageID.MatchString(id) && key != "" {
			s.byID[id], s.byKey[key] = key, id
			if query.Get("keys") != "" {
				s.byKey[name] = id // whatever the case
			}
		}
	}
	if found, ok := known()[name]; ok {
		return found, nil
	}
	return "", c.refused(op, base.KindNotFound, base.HintOf(hintHidden), "no space has the key or id %s", name)
}
