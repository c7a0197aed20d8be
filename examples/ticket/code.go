package main

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/jira"
)

// libraries are packages whose frames tell nothing of our own code.
var libraries = []string{
	"java.", "javax.", "jakarta.", "sun.", "jdk.", "org.springframework.", "org.apache.", "org.hibernate.", "com.zaxxer.", "io.netty.", "reactor.",
	"runtime", "net/http", "site-packages", "node_modules", "System.", "Microsoft.",
}

// worthReading are the innermost frames of our own code, each class once.
func worthReading(stacks []jira.StackTrace) []code.Frame {
	var all []code.Frame
	for _, s := range stacks {
		for _, f := range s.Frames {
			known := slices.ContainsFunc(all, func(other code.Frame) bool { return nameOf(other) == nameOf(f) })
			if f.Class == "" || known || len(all) == mostPlaces || slices.ContainsFunc(libraries, func(l string) bool {
				return strings.HasPrefix(f.Package+".", l) || strings.Contains(f.File, l)
			}) {
				continue
			}
			all = append(all, f)
		}
	}
	return all
}

// find looks for the code of a frame: the file that declares its class, the lines around, and who wrote the line.
func (g *gathering) find(ctx context.Context, f code.Frame) ([]place, error) {
	hits, err := g.github.SearchClasses(ctx, f.Class, "")
	if err != nil && len(hits) == 0 {
		return nil, err
	}
	hit, ok := best(hits, f)
	if !ok {
		return nil, err
	}
	p := place{Frame: f, Repo: hit.Repo, Path: hit.Path, Line: f.Line}
	if p.Line == 0 {
		p.Line = max(hit.Line, 1)
	}
	file, err := g.github.File(ctx, hit.Repo, hit.Path, github.FileOptions{StartLine: max(p.Line-around, 1), EndLine: p.Line + around})
	if err != nil {
		return nil, err
	}
	p.Text, p.From = file.Content, file.StartLine
	p.By, err = g.github.Blame(ctx, hit.Repo, hit.Path, github.BlameOptions{StartLine: p.Line, EndLine: p.Line})
	for _, by := range p.By {
		p.Fresh = p.Fresh || by.At.After(g.dossier.Window.To.Add(-lookBack)) && by.At.Before(g.dossier.Window.To)
	}
	return []place{p}, err
}

// best is the file that fits the frame's own file and package best.
func best(hits []github.ClassHit, f code.Frame) (github.ClassHit, bool) {
	slices.SortStableFunc(hits, func(a, b github.ClassHit) int { return fits(b, f) - fits(a, f) })
	if len(hits) == 0 {
		return github.ClassHit{}, false
	}
	return hits[0], true
}

func fits(h github.ClassHit, f code.Frame) int {
	n := 0
	if path.Base(h.Path) == path.Base(f.File) {
		n += 4
	}
	if folder := strings.ReplaceAll(f.Package, ".", "/"); folder != "" && strings.Contains(h.Path, folder) {
		n += 2
	}
	if h.Line > 0 {
		n++
	}
	return n
}
