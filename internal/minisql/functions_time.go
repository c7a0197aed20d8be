package minisql

import (
	"strings"
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
	"now":   {0, 1, is("DateTime"), func([]any) (any, error) { return time.Now().UTC().Truncate(time.Second), nil }, nil, nil},
	"now64": {0, 2, is("DateTime64(9)"), func([]any) (any, error) { return time.Now().UTC(), nil }, nil, nil},
	"today": {0, 0, is("Date"), func([]any) (any, error) { return time.Now().UTC().Truncate(24 * time.Hour), nil }, nil, nil},

	"toDateTime": {1, 2, is("DateTime"), func(a []any) (any, error) { return convert(a[0], "DateTime") }, nil, nil},
	"toDateTime64": {1, 3, func(_ []string, n *node) string {
		if len(n.args) > 1 {
			return "DateTime64(" + n.args[1].title() + ")"
		}
		return "DateTime64(3)"
	}, func(a []any) (any, error) {
		if len(a) > 1 {
			return convert(a[0], "DateTime64("+text(a[1])+")")
		}
		return convert(a[0], "DateTime64(3)")
	}, nil, nil},
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
	"toStartOfWeek":        onTime("Date", func(t time.Time) any { return startOf(t, span{d: 7 * 24 * time.Hour}) }),
	"toMonday":             onTime("Date", func(t time.Time) any { return startOf(t, span{d: 7 * 24 * time.Hour}) }),
	"toStartOfMonth":       onTime("Date", func(t time.Time) any { return startOf(t, span{months: 1}) }),
	"toStartOfYear":        onTime("Date", func(t time.Time) any { return startOf(t, span{months: 12}) }),
	"toStartOfSecond":      onTime("DateTime64(9)", func(t time.Time) any { return t.Truncate(time.Second) }),
	"toYear":               onTime("UInt16", func(t time.Time) any { return uint64(t.Year()) }),
	"toMonth":              onTime("UInt8", func(t time.Time) any { return uint64(t.Month()) }),
	"toHour":               onTime("UInt8", func(t time.Time) any { return uint64(t.Hour()) }),
	"toMinute":             onTime("UInt8", func(t time.Time) any { return uint64(t.Minute()) }),
	"toSecond":             onTime("UInt8", func(t time.Time) any { return uint64(t.Second()) }),
	"toStartOfInterval": {2, 4, func(_ []string, n *node) string {
		switch unit := n.args[1]; {
		case unit.kind == nodeInterval && strings.HasSuffix(unit.text, "OSECOND"), unit.kind == nodeInterval && unit.text == "MILLISECOND":
			return "DateTime64(9)"
		case unit.kind == nodeInterval && (unit.text == "WEEK" || unit.text == "MONTH" || unit.text == "QUARTER" || unit.text == "YEAR"):
			return "Date"
		}
		return "DateTime"
	}, func(a []any) (any, error) {
		v, err := toTime(a[0], "DateTime64")
		if err != nil {
			return nil, err
		}
		step, ok := a[1].(span)
		if !ok || step.d <= 0 && step.months <= 0 {
			return nil, fail(43, "Illegal argument of function toStartOfInterval: an INTERVAL above zero is needed")
		}
		return startOf(v.(time.Time), step), nil
	}, nil, nil},
	"addSeconds": shift(span{d: time.Second}), "addMinutes": shift(span{d: time.Minute}), "addHours": shift(span{d: time.Hour}),
	"addDays": shift(span{d: 24 * time.Hour}), "subtractSeconds": shift(span{d: -time.Second}), "subtractMinutes": shift(span{d: -time.Minute}),
	"subtractHours": shift(span{d: -time.Hour}), "subtractDays": shift(span{d: -24 * time.Hour}),
	"dateDiff": {3, 4, is("Int64"), func(a []any) (any, error) {
		unit, ok := units[strings.ToUpper(strings.TrimSuffix(text(a[0]), "s"))]
		from, ok1 := a[1].(time.Time)
		to, ok2 := a[2].(time.Time)
		if !ok || !ok1 || !ok2 || unit.months > 0 {
			return nil, fail(43, "Illegal arguments of function dateDiff")
		}
		return startOf(to, unit).UnixNano()/int64(unit.d) - startOf(from, unit).UnixNano()/int64(unit.d), nil
	}, nil, nil},
	"toIntervalWeek": interval(units["WEEK"]), "toIntervalMonth": interval(units["MONTH"]), "toIntervalYear": interval(units["YEAR"]),
	"toIntervalSecond": interval(units["SECOND"]), "toIntervalMinute": interval(units["MINUTE"]), "toIntervalHour": interval(units["HOUR"]),
	"toIntervalDay": interval(units["DAY"]), "toIntervalMillisecond": interval(units["MILLISECOND"]), "toIntervalNanosecond": interval(units["NANOSECOND"]),
}

func mod(n, m int64) int64 { return (n%m + m) % m }

// span is an INTERVAL: months, whose length varies, or a duration.
type span struct {
	months int
	d      time.Duration
}

func (s span) times(n int64) span { return span{months: s.months * int(n), d: s.d * time.Duration(n)} }

func (s span) after(at time.Time) time.Time { return at.AddDate(0, s.months, 0).Add(s.d) }

// startOf is the beginning of the interval that holds an instant. Weeks begin on Monday.
func startOf(at time.Time, step span) time.Time {
	if step.months > 0 {
		n := at.Year()*12 + int(at.Month()) - 1
		return time.Date(0, time.Month(1+n-n%step.months), 1, 0, 0, 0, 0, time.UTC)
	}
	const week = 7 * 24 * time.Hour
	shift := int64(0)
	if step.d%week == 0 {
		shift = int64(3 * 24 * time.Hour) // 1970 began on a Thursday
	}
	n := at.UnixNano() + shift
	return time.Unix(0, n-mod(n, int64(step.d))-shift).UTC()
}

func shift(unit span) function {
	return function{least: 2, most: 2, result: first, run: func(a []any) (any, error) {
		at, ok1 := a[0].(time.Time)
		n, ok2 := whole(a[1])
		if !ok1 || !ok2 {
			return nil, fail(43, "Illegal types %T and %T of arguments of date arithmetic", a[0], a[1])
		}
		return unit.times(n).after(at), nil
	}}
}

var units = map[string]span{
	"NANOSECOND": {d: 1}, "MICROSECOND": {d: time.Microsecond}, "MILLISECOND": {d: time.Millisecond}, "SECOND": {d: time.Second},
	"MINUTE": {d: time.Minute}, "HOUR": {d: time.Hour}, "DAY": {d: 24 * time.Hour}, "WEEK": {d: 7 * 24 * time.Hour},
	"MONTH": {months: 1}, "QUARTER": {months: 3}, "YEAR": {months: 12},
}

func interval(unit span) function {
	return function{least: 1, most: 1, result: is("IntervalSecond"), run: func(a []any) (any, error) {
		n, ok := whole(a[0])
		if !ok {
			return nil, fail(43, "Illegal type %T of an interval", a[0])
		}
		return unit.times(n), nil
	}}
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
