package incident

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

const (
	source = "incident"
	op     = "Read"
)

// suffixes say by its name what a file holds; the first that fits counts.
var suffixes = []struct {
	kind    Kind
	pattern string
}{
	{LogFile, "*_log.csv.gz"},
	{TraceFile, "*_trace.csv.gz"},
	{MetricFile, "*_metrics.csv.gz"},
	{FrontFile, "front_service.csv.gz"},
}

func patterns() iter.Seq2[Kind, string] {
	return func(yield func(Kind, string) bool) {
		for _, s := range suffixes {
			if !yield(s.kind, s.pattern) {
				return
			}
		}
	}
}

// list finds the files of a case: logs first, for they tell the nodes of pods.
func list(dir string) (files []File, ignored []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, folderError(dir, err)
	}
	for kind, pattern := range patterns() {
		for _, e := range entries {
			if ok, _ := filepath.Match(pattern, e.Name()); ok && !e.IsDir() {
				files = append(files, File{Name: e.Name(), Kind: kind})
			}
		}
	}
	for _, e := range entries {
		known := slices.ContainsFunc(files, func(f File) bool { return f.Name == e.Name() })
		if !known && strings.Contains(e.Name(), ".csv") {
			ignored = append(ignored, e.Name())
		}
	}
	if len(files) == 0 {
		return nil, nil, emptyFolder(dir, entries)
	}
	return files, ignored, nil
}

func folderError(dir string, err error) error {
	switch info, statErr := os.Stat(dir); {
	case dir == "":
		return invalid(err, "the name of the folder is empty; name the folder of a case")
	case errors.Is(err, fs.ErrNotExist):
		return invalid(err, "%s: there is no such folder; name the folder that holds the case's *.csv.gz files", dir)
	case errors.Is(err, fs.ErrPermission):
		return invalid(err, "%s: the folder may not be read; change its permissions", dir)
	case statErr == nil && !info.IsDir():
		return invalid(err, "%s: this is a file; name the folder that holds it", dir)
	}
	return invalid(err, "%s: the folder cannot be read: %v", dir, err)
}

func emptyFolder(dir string, entries []fs.DirEntry) error {
	var wanted []string
	for _, pattern := range patterns() {
		wanted = append(wanted, pattern)
	}
	what := "the folder is empty"
	if n := len(entries); n > 0 {
		what = fmt.Sprintf("none of its %d files is of a case, the first is %s", n, entries[0].Name())
	}
	return invalid(nil, "%s: %s; a case has %s", dir, what, strings.Join(wanted, ", "))
}

// invalid is the error of a case that has to be changed before it can be read.
func invalid(cause error, format string, args ...any) *base.Error {
	e := base.Invalid(source, op, format, args...)
	if cause == nil {
		return e
	}
	wrapped := base.NewError(base.KindInvalid, cause).WithText(strings.TrimPrefix(e.Error(), source+": "+op+": "+e.Kind.String()+": "))
	wrapped.Source, wrapped.Op, wrapped.Sent = source, op, base.NotSent
	return wrapped
}
