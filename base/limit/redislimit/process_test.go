package redislimit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
)

// taskVariable has the test binary be one process of a fleet instead of a test.
const taskVariable = "REDISLIMIT_TEST_TASK"

// task is what one process of a fleet does.
type task struct {
	Limit   redislimit.Config
	Referee string
	Callers int           // at once
	For     time.Duration // how long it begins calls
	Hold    time.Duration // a call takes half to one and a half of it
}

// tally is what it tells in the end.
type tally struct {
	Waits  []time.Duration // of the calls that were let through
	Failed int
	Opened uint64
	Lost   uint64
}

func TestMain(m *testing.M) {
	if text := os.Getenv(taskVariable); text != "" {
		if err := work(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(engines.Main(m))
}

func work(text string) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	t.Limit.Password = secret.Literal(engines.RedisPassword)
	ctx, cancel := context.WithTimeout(context.Background(), t.For)
	defer cancel()
	l, err := redislimit.New(ctx, t.Limit)
	if err != nil {
		return err
	}
	var (
		all      tally
		mu       sync.Mutex
		wg       sync.WaitGroup
		problems []error
	)
	for range t.Callers {
		wg.Go(func() {
			one, err := t.calls(ctx, l)
			mu.Lock()
			defer mu.Unlock()
			all.Waits, all.Failed = append(all.Waits, one.Waits...), all.Failed+one.Failed
			problems = append(problems, err)
		})
	}
	wg.Wait()
	u := l.Usage()
	all.Opened, all.Lost = u.Opened, u.Lost
	return errors.Join(append(problems, l.Close(), json.NewEncoder(os.Stdout).Encode(all))...)
}

// calls makes one call after the other until the context ends.
func (t task) calls(ctx context.Context, l *redislimit.Limiter) (all tally, err error) {
	referee, err := call(ctx, t.Referee)
	if err != nil {
		return all, err
	}
	defer func() { _ = referee.conn.Close() }()
	for ctx.Err() == nil {
		began := time.Now()
		release, err := l.Acquire(ctx, 1)
		switch {
		case err == nil:
			all.Waits = append(all.Waits, time.Since(began))
			err = errors.Join(referee.tell("b"), wait(context.Background(), t.Hold/2+rand.N(t.Hold+1)), referee.tell("e"))
			release()
			if err != nil {
				return all, err
			}
		case ctx.Err() != nil:
		case errors.Is(err, redislimit.ErrOutage):
			all.Failed++
			_ = wait(ctx, 50*time.Millisecond)
		default:
			if refusal, ok := errors.AsType[*redislimit.Refusal](err); !ok || refusal.Wait == 0 {
				return all, err
			}
			return all, nil // the next token comes after the end
		}
	}
	return all, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start begins one process.
func (t task) start(ctx context.Context) (cmd *exec.Cmd, out, problems *bytes.Buffer, err error) {
	t.Limit.Password = secret.Value{} // it is not for JSON
	text, err := json.Marshal(t)
	if err != nil {
		return nil, nil, nil, err
	}
	out, problems = new(bytes.Buffer), new(bytes.Buffer)
	cmd = exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), taskVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = out, problems
	return cmd, out, problems, cmd.Start()
}

// run has that many processes do the task, and adds up what they tell. Their standard error must stay empty: nothing of
// the library's own log, whatever happens to the server.
func (t task) run(ctx context.Context, processes int) (all tally, err error) {
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for range processes {
		wg.Go(func() {
			one, problem := t.once(ctx)
			mu.Lock()
			defer mu.Unlock()
			all.Waits = append(all.Waits, one.Waits...)
			all.Failed, all.Opened, all.Lost = all.Failed+one.Failed, all.Opened+one.Opened, all.Lost+one.Lost
			err = errors.Join(err, problem)
		})
	}
	wg.Wait()
	slices.Sort(all.Waits)
	return all, err
}

func (t task) once(ctx context.Context) (one tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.For+time.Minute)
	defer cancel()
	cmd, out, problems, err := t.start(ctx)
	if err != nil {
		return one, err
	}
	if err := cmd.Wait(); err != nil || problems.Len() > 0 {
		return one, fmt.Errorf("process: %w, standard error %q", err, problems)
	}
	return one, json.Unmarshal(out.Bytes(), &one)
}

// quantile is of sorted waits.
func quantile(waits []time.Duration, q float64) time.Duration {
	if len(waits) == 0 {
		return 0
	}
	return waits[min(len(waits)-1, int(q*float64(len(waits))))].Round(10 * time.Microsecond)
}
