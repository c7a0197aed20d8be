package mcp

import (
	"context"
	"fmt"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// tell says now and then that a call runs, to a client that asked for it. stop waits until nothing more is said.
func (s *Server) tell(ctx context.Context, r *sdk.CallToolRequest) (stop func()) {
	token := r.Params.GetProgressToken()
	if token == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		began := time.Now()
		ticks := time.NewTicker(time.Duration(s.config.Progress))
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
			elapsed := time.Since(began)
			_ = r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ // a client that is gone is not told
				ProgressToken: token, Progress: elapsed.Seconds(),
				Message: fmt.Sprintf("%s runs for %s", r.Params.Name, elapsed.Round(time.Second/10)),
			})
		}
	})
	return func() { cancel(); group.Wait() }
}
