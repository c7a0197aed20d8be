package redislimit_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit/redislimit"
)

// Two processes, here two limiters, share a bound of one call in flight.
func Example() {
	server, err := miniredis.Run() // stands for the Redis of the fleet
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	config := redislimit.Config{Addresses: []string{server.Addr()}, Name: "warehouse", Concurrency: 1}
	for _, process := range []string{"first", "second"} {
		limiter, err := redislimit.New(context.Background(), config)
		if err != nil {
			fmt.Println(err)
			return
		}
		guard, err := base.NewGuard(base.GuardConfig{Name: process}, base.Options{Limiter: limiter}) // as WithLimiter does
		if err != nil {
			fmt.Println(err)
			return
		}
		op := &base.Op{Name: "Query", Safety: base.ReadOnly}
		answer, err := base.Do(context.Background(), guard, op, func(context.Context) (int64, error) {
			return limiter.Usage().Used, nil
		})
		fmt.Println(process, answer, "of", config.Concurrency, err)
		fmt.Println(guard.Close(context.Background()), limiter.Close())
	}
	// Output:
	// first 1 of 1 <nil>
	// <nil> <nil>
	// second 1 of 1 <nil>
	// <nil> <nil>
}
