package minisql

import (
	"time"
)

func onTime(typ string, f func(time.Time) any) function {
	return function{least: 1, most: 2, result: is(typ), run: func(a []any) (any, error) {
		if a[0] == nil {
			return nil, nil
		}
		v, err := toTime(a[0], "DateTime64")
		if err != nil {
			return nil, err
		}
		return f(v.(time.Time)), nil
	}}
}

func fromUnix(typ string, unit time.Duration) function {
	return function{least: 1, most: 2, result: is(typ), run: func(a []any) (any, error) {
		n, ok := whole(a[0])
		if !ok {
			return nil, fail(43, "Illegal type %T of a timestamp", a[0])
		}
		return time.Unix(0, 0).Add(time.Duration(n) * unit).UTC(), nil
	}}
}

var timeFunctions = map[string]function{
	"now":   {0, 1, is("DateTime"), func([]any) (any, error) { return time.Now().UTC().Truncate(time.Second), nil }, nil},
	"now64": {0, 2, is("DateTime64(9)"), func([]any) (any, error) { return time.Now().UTC(), nil }, nil},
	"today": {0, 0, is("Date"), func([]any) (any, error) { return time.Now().UTC().Truncate(24 * time.Hour), nil }, nil},

	"toDateTime": {1, 2, is("DateTime"), func(a []any) (any, error) { return convert(a[0], "DateTime") }, nil},
	"toDateTime64": {1, 3, func(_ []string, n *node) string {
		if len(n.args) > 1 {
			return "DateTime64(" + n.args[1].title() + ")"
		}
		return "DateTime64(3)"
	}, func(a []any) (any, error) { return convert(a[0], "DateTime64") }, nil},
	"toDate":                  onTime("Date", func(t time.Time) any { return t.Truncate(24 * time.Hour) }),
	"toUnixTimestamp":         onTime("UInt32", func(t time.Time) any { return uint64(t.Unix()) }),
	"toUnixTimestamp64Nano":   onTime("Int64", func(t time.Time) any { return t.UnixNano() }),
	"toUnixTimestamp64Micro":  onTime("Int64", func(t time.Time) any { return t.UnixMicro() }),
	"toUnixTimestamp64Milli":  onTime("Int64", func(t time.Time) any { return t.UnixMilli() }),
	"fromUnixTimestamp64Nano": fromUnix("DateTime64(9)", 1), "fromUnixTimestamp64Micro": fromUnix("DateTime64(6)", time.Microsecond),
	"fromUnixTimestamp64Milli": fromUnix("DateTime64(3)", time.Millisecond), "fromUnixTimestamp": fromUnix("DateTime", time.Second),
	"toStartOfMinute":      onTime("DateTime", func(t time.Time) any { return t.Truncate(time.Minute) }),
	"toStartOfFiveMinutes": onTime("DateTime", func(t time.Time) any { return t.Truncate(5 * time.Minute) }),
	"toStartOfHour":        onTime("DateTime", func(t time.Time) any { return t.Truncate(time.Hour) }),
	"toStartOfDay":         onTime("DateTime", func(t time.Time) any { return t.Truncate(24 * time.Hour) }),
	"toStartOfInterval": {2, 3, is("DateTime"), func(a []any) (any, error) {
		v, err := toTime(a[0], "DateTime64")
		if err != nil {
			return nil, err
		}
		step, ok := a[1].(time.Duration)
		if !ok || step <= 0 {
			return nil, fail(43, "toStartOfInterval needs an interval")
		}
		n := v.(time.Time).UnixNano()
		return time.Unix(0, n-mod(n, int64(step))).UTC(), nil
	}, nil},
	"toIntervalSecond": interval(time.Second), "toIntervalMinute": interval(time.Minute), "toIntervalHour": interval(time.Hour),
	"toIntervalDay": interval(24 * time.Hour), "toIntervalMillisecond": interval(time.Millisecond), "toIntervalNanosecond": interval(1),
}

func mod(n, m int64) int64 { return (n%m + m) % m }

func interval(unit time.Duration) function {
	return function{least: 1, most: 1, result: is("IntervalSecond"), run: func(a []any) (any, error) {
		f, ok := asFloat(a[0])
		if !ok {
			return nil, fail(43, "Illegal type %T of an interval", a[0])
		}
		return time.Duration(f * float64(unit)), nil
	}}
}

var units = map[string]time.Duration{
	"NANOSECOND": 1, "MICROSECOND": time.Microsecond, "MILLISECOND": time.Millisecond, "SECOND": time.Second,
	"MINUTE": time.Minute, "HOUR": time.Hour, "DAY": 24 * time.Hour, "WEEK": 7 * 24 * time.Hour,
}

// interval compiles INTERVAL n UNIT.
func (c *compiler) interval(n *node) (eval, string, error) {
	unit, ok := units[n.text]
	if !ok {
		return nil, "", fail(62, "Syntax error: unknown interval unit %s", n.text)
	}
	f, _, err := c.compile(n.args[0])
	if err != nil {
		return nil, "", err
	}
	run := interval(unit).run
	return func(fr *frame) (any, error) {
		v, err := f(fr)
		if err != nil {
			return nil, err
		}
		return run([]any{v})
	}, "IntervalSecond", nil
}
