package main

import (
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

// graphEndpoint is where an older server had questions that need several sources.
const graphEndpoint = "graph"

// boxes are the endpoints: one for each client, and one for the questions that need several. The older names of these stand
// on the endpoint that has had them, with or without a code graph.
func (c *clients) boxes() []mcp.Toolbox {
	questions := c.sources()
	var boxes []mcp.Toolbox
	for _, client := range c.made {
		var box mcp.Toolbox = client
		if box.Name() == graphEndpoint {
			box = mcp.Extend(box, questions.Aliases()...)
		}
		boxes = append(boxes, box)
	}
	if c.graph == nil {
		boxes = append(boxes, mcp.Group(graphEndpoint, nil, questions.Aliases()))
	}
	return append(boxes, mcp.Group("evidence", questions.Tools(), nil))
}

// row is one endpoint in the list that is printed.
type row struct {
	url          string
	tools, older int
}

// rowsOf counts the tools that are served at each URL.
func (s settings) rowsOf(base string, boxes []mcp.Toolbox) []row {
	rows := []row{{url: base}}
	for _, box := range boxes {
		r := row{url: base + "/" + box.Name(), tools: s.count(box.Tools())}
		if aliased, ok := box.(interface{ Aliases() []tool.Tool }); ok {
			r.older = s.count(aliased.Aliases())
		}
		rows[0].tools += r.tools
		rows = append(rows, r)
	}
	return rows
}

func (s settings) count(tools []tool.Tool) int {
	n := 0
	for _, t := range tools {
		if s.Writes || t.ReadOnly() {
			n++
		}
	}
	return n
}
