package mcp

import (
	"slices"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// Toolbox is some tools and the name of their endpoint. Every client of a source is one.
//
// Where it also has a method Aliases() []tool.Tool, these older names are served at its own endpoint only; where it has
// Health() base.Health, it stands in the resource sources://health.
type Toolbox interface {
	Name() string
	Tools() []tool.Tool
}

type (
	aliased interface{ Aliases() []tool.Tool }
	healthy interface{ Health() base.Health }
)

// Group is a Toolbox of tools that are not those of one client, such as the questions of package evidence.
func Group(name string, tools, aliases []tool.Tool) Toolbox { return group{name, tools, aliases} }

type group struct {
	name           string
	tools, aliases []tool.Tool
}

func (g group) Name() string         { return g.name }
func (g group) Tools() []tool.Tool   { return g.tools }
func (g group) Aliases() []tool.Tool { return g.aliases }

// Extend is the same Toolbox with more older names at its endpoint, which another package declares.
func Extend(box Toolbox, aliases ...tool.Tool) Toolbox { return extended{box, aliases} }

type extended struct {
	Toolbox
	more []tool.Tool
}

func (e extended) Aliases() []tool.Tool { return slices.Concat(aliasesOf(e.Toolbox), e.more) }

func aliasesOf(box Toolbox) []tool.Tool {
	if a, ok := box.(aliased); ok {
		return a.Aliases()
	}
	return nil
}

// healthOf is what the box, or what it extends, knows of its source.
func healthOf(box Toolbox) (base.Health, bool) {
	if e, ok := box.(extended); ok {
		return healthOf(e.Toolbox)
	}
	if h, ok := box.(healthy); ok {
		return h.Health(), true
	}
	return base.Health{}, false
}
