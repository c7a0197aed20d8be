package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
)

// Records of one instant are looked at together: that is where the same record of two stores meets, where a source takes
// over from another, and where a list is cut into pages.

// content tells records of one instant apart, beside their ids. What stores write each in their own way (severities,
// attributes, resources) is left out.
type content struct{ service, body, trace, span string }

// identity is a content and an id.
type identity struct {
	content
	id string
}

func contentOf(r logs.Record) content { return content{r.Service, r.Body, r.TraceID, r.SpanID} }

// joinInstant adds the records of another store to those of the same instant. A record of the one is that of the other
// where their contents are equal and so are their ids, or one of them has no id; each stands for one of the other store
// at most, so that what a store keeps twice comes twice. Of the two the one with an id stays, else the first. twice is
// how many of more were there already. Both slices are left as they are.
func joinInstant(some, more []logs.Record) (all []logs.Record, twice int) {
	switch {
	case len(some) == 0:
		return more, 0
	case len(more) == 0:
		return some, 0
	}
	all = slices.Clone(some)
	taken, byID, alike := make([]bool, len(some)), map[identity][]int{}, map[content][]int{}
	for i, r := range some {
		c := contentOf(r)
		byID[identity{c, r.ID}] = append(byID[identity{c, r.ID}], i)
		alike[c] = append(alike[c], i)
	}
	var rest []logs.Record
	for _, r := range more { // equal ids first, so that none is taken by a record without one
		if _, ok := unmatched(byID, identity{contentOf(r), r.ID}, taken); !ok {
			rest = append(rest, r)
		}
	}
	for _, r := range rest {
		if r.ID == "" {
			if _, ok := unmatched(alike, contentOf(r), taken); !ok {
				all = append(all, r)
			}
		} else if i, ok := unmatched(byID, identity{contentOf(r), ""}, taken); ok {
			all[i] = r
		} else {
			all = append(all, r)
		}
	}
	return all, len(some) + len(more) - len(all)
}

// unmatched takes the first record of that key that is not taken. However many are alike, each is looked at once for each map.
func unmatched[K comparable](of map[K][]int, key K, taken []bool) (int, bool) {
	list := of[key]
	for len(list) > 0 && taken[list[0]] {
		list = list[1:]
	}
	if len(list) == 0 {
		delete(of, key)
		return 0, false
	}
	taken[list[0]] = true
	of[key] = list[1:]
	return list[0], true
}

// maxRank bounds what of an id stands in a rank, and so in a cursor; the digest holds all of it.
const maxRank = 128

// rankOf orders records of one instant: by id, then by a digest of what the record is, which a cursor can hold.
func rankOf(r logs.Record) string {
	h := sha256.New()
	for _, text := range []string{r.ID, r.Service, r.TraceID, r.SpanID, r.Body} {
		_, _ = h.Write([]byte(text))
		_, _ = h.Write([]byte{0xFF}) // no text of UTF-8 holds it
	}
	return r.ID[:min(len(r.ID), maxRank)] + "\x00" + hex.EncodeToString(h.Sum(nil)[:16])
}

// instant is the records of one instant, of all tiers.
type instant struct {
	records []logs.Record
	owners  []int // the lane that each came from
}

// ordered sorts the records.
func (in *instant) ordered(newest bool) {
	if len(in.records) < 2 {
		return
	}
	ranks := make([]string, len(in.records))
	order := make([]int, len(in.records))
	for i, r := range in.records {
		ranks[i], order[i] = rankOf(r), i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if newest {
			a, b = b, a
		}
		return strings.Compare(ranks[a], ranks[b])
	})
	sorted := instant{make([]logs.Record, len(order)), make([]int, len(order))}
	for to, from := range order {
		sorted.records[to], sorted.owners[to] = in.records[from], in.owners[from]
	}
	*in = sorted
}

// logPlace is where a list goes on: after so many records of this rank at this instant.
type logPlace struct {
	at    time.Time
	rank  string
	count uint32
}

// placeAfter is the place behind the records of one instant that were handed out; after is where the list began.
func placeAfter(out []logs.Record, after *logPlace) *logPlace {
	last := out[len(out)-1]
	p := &logPlace{at: last.Time, rank: rankOf(last)}
	for _, r := range out {
		if rankOf(r) == p.rank {
			p.count++
		}
	}
	if after != nil && after.at.Equal(p.at) && after.rank == p.rank {
		p.count += after.count
	}
	return p
}

// beyond takes away those of the sorted records that lie before the place.
func (in *instant) beyond(p *logPlace, newest bool) {
	if p == nil || len(in.records) == 0 || !p.at.Equal(in.records[0].Time) {
		return
	}
	var rest instant
	left := p.count
	for i, r := range in.records {
		order := strings.Compare(rankOf(r), p.rank)
		switch {
		case order == 0 && left > 0:
			left--
		case order == 0 || (order < 0) == newest:
			rest.records, rest.owners = append(rest.records, r), append(rest.owners, in.owners[i])
		}
	}
	*in = rest
}
