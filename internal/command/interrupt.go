package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interrupted is a context that the first signal ends with which a user or a supervisor stops a program; the second one ends
// the program at once.
func Interrupted() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}
