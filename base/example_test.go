package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"

	"github.com/fourkites/sources/base"
)

var opOrder = &base.Op{Name: "Order", System: base.SystemDB}

// A client holds one guard, and every call of its driver goes through it.
func ExampleDo() {
	guard, err := base.NewGuard(base.GuardConfig{Name: "shop", System: "shopdb"}, base.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	name, err := base.Do(ctx, guard, opOrder, func(context.Context) (string, error) {
		return "order 7", nil // the driver's call
	})
	fmt.Println(name, err)
	_, err = base.Do(ctx, guard, opOrder, func(context.Context) (string, error) {
		return "", base.NewError(base.KindNotFound, errors.New("no row"))
	})
	fmt.Println(errors.Is(err, base.ErrNotFound), err)
	fmt.Println(guard.Health().State)
	// Output:
	// order 7 <nil>
	// true shop: Order: not found: no row
	// ready
}

func ExampleStream() {
	guard, err := base.NewGuard(base.GuardConfig{Name: "shop"}, base.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := base.Stream(context.Background(), guard, opOrder, func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for n := 1; yield(n, nil); n++ {
			}
		}
	})
	for n, err := range orders {
		fmt.Println(n, err)
		if n == 3 {
			break // cancels the driver's query and gives the permit back
		}
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

func ExampleFirst() {
	answer, err := base.First(base.Fallback(context.Background(),
		base.Step[string]{Source: "live", Run: func(context.Context) (string, error) {
			return "", errors.New("live: unavailable")
		}},
		base.Step[string]{Source: "copy", Degrades: "up to 10 minutes old", Run: func(context.Context) (string, error) {
			return "order 7", nil
		}},
	))
	fmt.Println(answer.Value, err)
	fmt.Printf("from %s, %s\n", answer.Source, answer.Degraded)
	for _, t := range answer.Tried {
		fmt.Println(t.Source, t.Err)
	}
	// Output:
	// order 7 <nil>
	// from copy, up to 10 minutes old
	// live live: unavailable
	// copy <nil>
}

// A program mounts the page where only its operators come, below any path.
func ExampleStatusHandler() {
	guard, err := base.NewGuard(base.GuardConfig{Name: "shop", System: "shopdb"}, base.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	monitor := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: shop{guard}})
	defer func() { _ = monitor.Close() }()
	mux := http.NewServeMux()
	mux.Handle("/ops/status/", http.StripPrefix("/ops/status", base.StatusHandler(monitor)))

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/ops/status/status.json", http.NoBody))
	var status struct {
		Verdict string
		Sources []struct{ Source, State string }
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &status); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.Verdict)
	fmt.Println(status.Sources)
	// Output:
	// Ready: 0 of 1. shop is unproven.
	// [{shop unproven}]
}

// shop is a whole client: one guard and a Ping.
type shop struct{ *base.Guard }

func (s shop) Ping(ctx context.Context) error {
	_, err := base.Do(ctx, s.Guard, &base.Op{Name: "Ping", Probe: true}, func(context.Context) (int, error) { return 0, nil })
	return err
}

func (s shop) Close() error { return s.Guard.Close(context.Background()) }
