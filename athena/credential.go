package athena

import (
	"context"

	"github.com/fourkites/sources/base"
)

// kindOfFailure is the kind of an error of a request; nil has none.
func kindOfFailure(err error) base.Kind {
	if err == nil {
		return base.KindUnknown
	}
	return base.KindOf(classify(err))
}

// refresh gets another secret than the one that was refused. The chain is walked anew: a file of it may have been written
// anew.
func (c *Client) refresh(ctx context.Context) error {
	if c.key != nil {
		return c.key.Refresh(ctx)
	}
	c.connecting.Lock()
	defer c.connecting.Unlock()
	c.service = nil
	return nil
}
