// Package incident reads a recorded incident from a folder: logs, spans and metrics as gzip CSV.
//
// The files and their columns are listed in the package comment of examples/investigate.
//
// A folder holds any number of *_log.csv.gz and *_trace.csv.gz, and where present pod_metrics.csv.gz (or another
// *_metrics.csv.gz) and front_service.csv.gz. What is absent is named, not missed silently.
//
// Files of real recordings have rows in which two writers met. Such a row is skipped, counted and named with its line. A
// file with more than one bad row in a hundred fails, and so does one that is not gzip, that ends in the middle, or whose
// header lacks a column: then nothing is returned.
package incident

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

// The labels and resource attributes that a case's rows carry beside the service.
const (
	PodKey       = "k8s.pod.name"
	NodeKey      = "k8s.node.name"
	ContainerKey = "k8s.container.name"
	ServiceKey   = "service.name" // of points; records and spans have a field
)

// Case is one recorded incident. Records, spans and points stand in the order of time. Records of one pod share their
// Resources, and points of one pod their Labels: do not write to them.
type Case struct {
	Name    string // of the folder
	Logs    []logs.Record
	Spans   []traces.Span
	Metrics []metrics.Point

	// Window goes from the first to just after the last record or start of a span; without either, it is Measured.
	Window base.Window
	// Measured goes from the first to just after the last point. It may begin before Window.
	Measured base.Window

	Files   []File   // in the order in which they were read
	Ignored []string // files of other names that look like recordings
}

// File says how one file was read.
type File struct {
	Name     string
	Kind     Kind
	Rows     int   // that were good, repeated ones included
	Repeated int   // rows that an earlier file of the case had already, as recordings overlap at their ends
	Bad      int   // rows that were skipped
	BadLines []int // where they begin, at most 20
	Problem  string
}

// Kind is what a file holds.
type Kind string

// The kinds of file.
const (
	LogFile    Kind = "logs"
	TraceFile  Kind = "traces"
	MetricFile Kind = "metrics"
	FrontFile  Kind = "front service"
)

// Read reads a case folder whole, or fails: an error names the folder, or the file and line, and says what to change.
// It stops when the context ends.
func Read(ctx context.Context, dir string) (Case, error) {
	files, ignored, err := list(dir)
	if err != nil {
		return Case{}, err
	}
	r := reader{
		c:    Case{Name: filepath.Base(filepath.Clean(dir)), Ignored: ignored},
		pods: map[string]pod{}, places: map[string]map[string]string{},
		lines: map[lineKey]bool{}, spans: map[spanKey]bool{},
	}
	for _, f := range files {
		read, err := r.file(ctx, dir, f)
		if err != nil {
			return Case{}, err
		}
		r.c.Files = append(r.c.Files, read)
	}
	r.finish()
	return r.c, nil
}

// reader is a case on its way.
type reader struct {
	c      Case
	pods   map[string]pod
	places map[string]map[string]string // resources of a container
	lines  map[lineKey]bool
	spans  map[spanKey]bool
}

func (r *reader) file(ctx context.Context, dir string, f File) (File, error) {
	path := filepath.Join(dir, f.Name)
	switch f.Kind {
	case LogFile:
		return readTable(ctx, path, f, logColumns, r.log)
	case TraceFile:
		return readTable(ctx, path, f, spanColumns, r.span)
	case FrontFile:
		return readTable(ctx, path, f, frontColumns, r.points)
	}
	return readTable(ctx, path, f, podColumns, r.points)
}

// finish brings all into the order of time and says which time is covered.
func (r *reader) finish() {
	c := &r.c
	slices.SortStableFunc(c.Logs, func(a, b logs.Record) int { return a.Time.Compare(b.Time) })
	slices.SortStableFunc(c.Spans, func(a, b traces.Span) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(c.Metrics, func(a, b metrics.Point) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Labels[PodKey], b.Labels[PodKey]), cmp.Compare(a.Metric, b.Metric))
	})
	r.placePods()
	for _, l := range ends(c.Logs, func(l logs.Record) time.Time { return l.Time }) {
		c.Window = widen(c.Window, l)
	}
	for _, s := range ends(c.Spans, func(s traces.Span) time.Time { return s.Start }) {
		c.Window = widen(c.Window, s)
	}
	for _, p := range ends(c.Metrics, func(p metrics.Point) time.Time { return p.Time }) {
		c.Measured = widen(c.Measured, p)
	}
	if c.Window.IsZero() {
		c.Window = c.Measured
	}
}

// placePods tells the points on which node their pod ran, which only the logs know.
func (r *reader) placePods() {
	for _, p := range r.pods {
		if p.node != "" {
			p.labels[NodeKey] = p.node
		}
	}
}

// ends are the instants of the first and the last of a sorted list.
func ends[T any](sorted []T, at func(T) time.Time) []time.Time {
	if len(sorted) == 0 {
		return nil
	}
	return []time.Time{at(sorted[0]), at(sorted[len(sorted)-1])}
}

func widen(w base.Window, at time.Time) base.Window {
	if w.From.IsZero() || at.Before(w.From) {
		w.From = at
	}
	if !at.Before(w.To) {
		w.To = at.Add(1) // To is excluded
	}
	return w
}

// NotSeen says in sentences what a reader of the case must not take for looked at: kinds of file that are absent, rows
// that were skipped, files that were not read.
func (c Case) NotSeen() []string {
	var all []string
	for kind, pattern := range patterns() {
		if !slices.ContainsFunc(c.Files, func(f File) bool { return f.Kind == kind }) {
			all = append(all, fmt.Sprintf("%s: the case %s has no %s", kind, c.Name, pattern))
		}
	}
	for _, f := range c.Files {
		if f.Bad > 0 {
			all = append(all, f.skipped())
		}
		if f.Rows == 0 {
			all = append(all, fmt.Sprintf("%s: the file %s has no rows", f.Kind, f.Name))
		}
	}
	for _, name := range c.Ignored {
		all = append(all, fmt.Sprintf("%s: not read, its name is none of a case's files", name))
	}
	return all
}

// skipped is "10_06_log.csv.gz: 2 of 2129 rows were skipped (lines 631, 760): 10 columns, the header has 8".
func (f File) skipped() string {
	lines := strings.Trim(strings.ReplaceAll(fmt.Sprint(f.BadLines), " ", ", "), "[]")
	if len(f.BadLines) < f.Bad {
		lines += ", ..."
	}
	return fmt.Sprintf("%s: %d of %d rows were skipped (lines %s): %s", f.Name, f.Bad, f.Rows+f.Bad, lines, f.Problem)
}
