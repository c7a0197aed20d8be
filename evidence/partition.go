package evidence

import (
	"cmp"
	"slices"
	"strings"
)

// merged joins the shapes that differ only in words that are plainly values, and gives what is left in the order of
// their keys. The result does not depend on the order in which lines came.
func (m *miner) merged() []*lineGroup {
	alike := map[string][]*lineGroup{}
	for _, g := range m.shapes {
		key := g.skeleton()
		alike[key] = append(alike[key], g)
	}
	var all []*lineGroup
	for _, groups := range alike {
		slices.SortFunc(groups, func(a, b *lineGroup) int { return cmp.Compare(a.key, b.key) })
		p := partition{options: m.options}
		p.split(groups)
		all = append(all, p.done...)
	}
	slices.SortFunc(all, func(a, b *lineGroup) int { return cmp.Compare(a.key, b.key) })
	return all
}

// skeleton is a shape without its words. Only shapes with the same one are ever joined, and only of one place in the
// code.
func (g *lineGroup) skeleton() string {
	var b strings.Builder
	for _, p := range g.pieces {
		if !p.word {
			b.WriteString(p.text)
		}
		b.WriteByte(0)
	}
	b.WriteString(g.site.Symbol + "\x00" + g.site.File + "\x00" + regionLines(g.site))
	return b.String()
}

// partition splits shapes of one skeleton until those of a part are one template.
//
// A word is taken for a value only where MinVariants different ones stand in its place: "tracking enabled" and
// "tracking disabled" must stay apart, for that one word is what a reader looks for. Where fewer stand, the shapes are
// split by that word; where the shapes have too little in common to be one template, by the word that varies least.
type partition struct {
	options PatternOptions
	done    []*lineGroup
}

func (p *partition) split(groups []*lineGroup) {
	if len(groups) == 1 {
		p.done = append(p.done, groups[0])
		return
	}
	places := variantsOf(groups)
	least, varying, settled := -1, 0, 0
	for i, at := range places {
		switch {
		case at.any:
			varying++
			settled++
		case at.variants > 1:
			varying++
			if least < 0 || at.variants < places[least].variants {
				least = i
			}
		}
	}
	constant := len(places) - varying
	few := least >= 0 && places[least].variants < p.options.MinVariants
	if settled == varying || !few && constant*2 >= len(places) {
		p.done = append(p.done, p.join(groups, places))
		return
	}
	parts := map[string][]*lineGroup{}
	for _, g := range groups {
		word := g.pieces[places[least].piece].text
		parts[word] = append(parts[word], g)
	}
	for _, part := range parts {
		p.split(part)
	}
}

// place is a place of a word in a skeleton.
type place struct {
	piece    int // its index
	variants int // words that stand there
	any      bool
}

// variantsOf counts the different words in each place of groups that share a skeleton.
func variantsOf(groups []*lineGroup) []place {
	var places []place
	for i, p := range groups[0].pieces {
		if !p.word {
			continue
		}
		at := place{piece: i}
		seen := map[string]bool{}
		for _, g := range groups {
			word := g.pieces[i].text
			seen[word] = true
			at.any = at.any || word == maskAny
		}
		at.variants = len(seen)
		at.any = at.any && at.variants > 1
		places = append(places, at)
	}
	return places
}

// join makes one group of groups that share a skeleton; maskAny stands where their words differ.
func (p *partition) join(groups []*lineGroup, places []place) *lineGroup {
	all := &lineGroup{pieces: slices.Clone(groups[0].pieces), site: groups[0].site}
	for _, at := range places {
		if at.variants > 1 {
			all.pieces[at.piece].text = maskAny
		}
	}
	all.own()
	all.key = all.identity()
	for _, g := range groups {
		all.absorb(g, p.options.Examples)
		all.members = append(all.members, g.keys()...)
	}
	return all
}
