package clickhouse

import (
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/rows"
)

// times are instants: so many ticks of one length since 1970.
type times[W fixed] struct {
	plain
	factor int64 // of a wire tick in ticks of the vector: 86,400 for days
	wire   []W
	v      rows.Times
}

func (c *times[W]) read(in *input, n int) (rows.Vector, error) {
	var err error
	if c.wire, err = readFixed(in, c.wire[:0], n); err != nil {
		return nil, err
	}
	if err = in.spend(8 * n); err != nil {
		return nil, err
	}
	c.v.Ticks = slices.Grow(c.v.Ticks[:0], n)[:n]
	ticks := c.v.Ticks
	if c.factor == 1 {
		for i, w := range c.wire[:len(ticks)] {
			ticks[i] = int64(w)
		}
		return &c.v, nil
	}
	for i, w := range c.wire[:len(ticks)] {
		ticks[i] = int64(w) * c.factor
	}
	return &c.v, nil
}

const secondsPerDay = 24 * 60 * 60

func newTime(t typeName, zone *time.Location) (column, error) {
	switch t.base {
	case "Date":
		return &times[uint16]{factor: secondsPerDay, v: rows.Times{PerSecond: 1}}, nil
	case "Date32":
		return &times[int32]{factor: secondsPerDay, v: rows.Times{PerSecond: 1}}, nil
	case "DateTime", "DateTime32":
		zone, err := zoneOf(t, 0, zone)
		return &times[uint32]{factor: 1, v: rows.Times{PerSecond: 1, Location: zone}}, err
	case "Time":
		return &converted[int32, time.Duration]{to: func(s int32) time.Duration { return time.Duration(s) * time.Second }}, nil
	}
	precision, err := t.number(0, 0, 9)
	if err != nil {
		return nil, wrapType(t, err)
	}
	perSecond := int64(1)
	for range precision {
		perSecond *= 10
	}
	if t.base == "Time64" {
		tick := time.Second / time.Duration(perSecond)
		return &converted[int64, time.Duration]{to: func(n int64) time.Duration { return time.Duration(n) * tick }}, nil
	}
	zone, err = zoneOf(t, 1, zone)
	return &times[int64]{factor: 1, v: rows.Times{PerSecond: perSecond, Location: zone}}, err
}

// zoneOf is the zone that the type names, else the server's.
func zoneOf(t typeName, i int, server *time.Location) (*time.Location, error) {
	if i >= len(t.args) {
		return server, nil
	}
	name := strings.Trim(t.args[i], "'")
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &unsupportedError{t.full, "this machine does not know the zone; select toTimeZone(column, 'UTC')"}
	}
	return zone, nil
}
