package redislimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed tend.lua
var tend string

// fixedArguments is how many arguments stand before the lists of calls. Their order is that of tend.lua.
const fixedArguments = 18

// ahead is how early a call may be told to go: it waits the rest by itself, so that tokens are used when they come and
// not when a process happens to look.
const ahead = 20 * time.Millisecond

// The modes of an exchange.
const (
	modeAgain = "again" // the answer before was lost: here is everybody who waits
	modeBye   = "bye"   // the process ends
)

// exchange is what one process tells: what it holds, and who came and went since.
type exchange struct {
	mode    string
	held    int64
	quota   time.Duration
	left    []string   // calls that gave up their place in the line
	waiting []*request // those in the line, for modeAgain
	fresh   []*request
}

// answer is what it is told.
type answer struct {
	epoch   string
	known   bool          // the process had a lease
	used    int64         // weight of the calls of all processes
	waiting int64         // length of the line
	due     time.Duration // until the head of the line may go by time alone; negative = it waits for a place
	blocked time.Duration // nobody goes for so long
	granted []verdict     // value: µs until the call may go
	refused []verdict     // value: µs that the call would wait, or negative: the line is full
	entered []verdict     // value: its place
}

type verdict struct {
	id    string
	value int64
}

func (l *Limiter) arguments(x exchange, c Config) []any {
	held, every := x.held, 0.0
	if c.Rate > 0 {
		every = 1e6 / c.Rate
	}
	if c.Concurrency <= 0 {
		held = 0
	}
	l.number++
	args := make([]any, 0, fixedArguments+len(x.left)+2*len(x.waiting)+2*len(x.fresh))
	args = append(args, l.id, l.channel(""), l.seen(), l.id+strconv.FormatUint(l.number, 10), c.Concurrency, c.MaxWaiting,
		c.Lease.D().Microseconds(), (c.Lease.D() / 2).Microseconds(), strconv.FormatFloat(every, 'f', 3, 64), c.Burst,
		ahead.Microseconds(), held, x.quota.Microseconds(), x.mode, len(x.left), len(x.waiting), len(x.fresh), l.number)
	for _, id := range x.left {
		args = append(args, id)
	}
	for _, r := range x.waiting {
		args = append(args, r.id, r.place)
	}
	for _, r := range x.fresh {
		args = append(args, r.id, r.left())
	}
	return args
}

// ask makes the exchange, and once more when the first attempt ended early. Everybody who waits is named in the second,
// for nobody knows whether the first was heard.
func (l *Limiter) ask(x exchange, c Config) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout.D())
	defer cancel()
	a, err := l.attempt(ctx, x, c)
	if err == nil || ctx.Err() != nil || !l.connector.judge(err, l.shown) {
		return a, err
	}
	if x.mode == "" {
		x.mode, x.waiting = modeAgain, l.inLine()
	}
	a, second := l.attempt(ctx, x, c)
	if second == nil {
		return a, nil
	}
	l.connector.judge(second, l.shown)
	if _, answered := errors.AsType[redis.Error](err); answered {
		return a, fmt.Errorf("%w; then: %w", err, second) // the refusal says more than what came of it
	}
	return a, second
}

func (l *Limiter) attempt(ctx context.Context, x exchange, c Config) (answer, error) {
	l.shown = &shown{}
	ctx = context.WithValue(ctx, shownKey{}, l.shown)
	var parts []any
	err := guarded(func() (err error) {
		parts, err = l.script.Run(ctx, l.client, l.keys, l.arguments(x, c)...).Slice()
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return parse(parts)
}

var errAnswer = errors.New("the script's answer has another form: processes of different versions, or not a Redis")

// errUnreadable is the answer at which the library panicked.
var errUnreadable = errors.New("the answer cannot be read: not a Redis")

// guarded runs what reads an answer. The library makes room for whatever length an answer announces, and panics where
// there can be none.
func guarded(read func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errUnreadable
		}
	}()
	return read()
}

// errRepeated is the second answer to an exchange whose first was lost within the library.
var errRepeated = errors.New("the answer was lost")

func parse(parts []any) (a answer, err error) {
	if len(parts) == 1 {
		return a, errRepeated
	}
	if len(parts) != 9 {
		return a, fmt.Errorf("%w: %d parts", errAnswer, len(parts))
	}
	a.epoch, _ = parts[0].(string)
	numbers := [5]int64{}
	for i := range numbers {
		if numbers[i], err = number(parts[i+1]); err != nil {
			return a, err
		}
	}
	a.known, a.used, a.waiting = numbers[0] == 1, numbers[1], numbers[2]
	a.due, a.blocked = micros(numbers[3]), micros(numbers[4])
	for i, to := range []*[]verdict{&a.granted, &a.refused, &a.entered} {
		if *to, err = verdicts(parts[6+i]); err != nil {
			return a, err
		}
	}
	return a, nil
}

func verdicts(part any) ([]verdict, error) {
	list, ok := part.([]any)
	if !ok || len(list)%2 != 0 {
		return nil, errAnswer
	}
	all := make([]verdict, 0, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		id, ok := list[i].(string)
		value, err := number(list[i+1])
		if !ok || err != nil {
			return nil, errAnswer
		}
		all = append(all, verdict{id, value})
	}
	return all, nil
}

func number(part any) (int64, error) {
	switch n := part.(type) {
	case int64:
		return n, nil
	case string:
		if parsed, err := strconv.ParseInt(n, 10, 64); err == nil {
			return parsed, nil
		}
	}
	return 0, errAnswer
}

func micros(n int64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
}
