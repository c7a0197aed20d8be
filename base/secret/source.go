package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxFile bounds a secret's file; keys and certificates are far smaller.
const maxFile = 1 << 20

// Static is a source whose secret never changes. An empty text is [ErrEmpty] at Get.
func Static(text string) Source {
	snap := NewSnapshot(text, "", time.Time{})
	return SourceFunc(func(context.Context) (Snapshot, error) {
		if snap.IsZero() {
			return Snapshot{}, fmt.Errorf("%w: the static secret", ErrEmpty)
		}
		return snap, nil
	})
}

// Env reads an environment variable at every Get. Unset or empty is [ErrEmpty].
func Env(name string) Source {
	return SourceFunc(func(context.Context) (Snapshot, error) {
		text := os.Getenv(name)
		if text == "" {
			return Snapshot{}, fmt.Errorf("%w: environment variable %s is not set", ErrEmpty, name)
		}
		return NewSnapshot(text, "", time.Time{}), nil
	})
}

// File reads a file at every Get, so a replaced file is seen at once; one trailing line break is not part of the
// secret. It must be a regular file of at most 1 MiB. A missing or unreadable file is [ErrUnresolved], an empty one
// [ErrEmpty]; both name the path.
func File(path string) Source {
	return SourceFunc(func(ctx context.Context) (Snapshot, error) {
		if err := ctx.Err(); err != nil {
			return Snapshot{}, fmt.Errorf("secret: file %s: %w", path, err)
		}
		text, err := readFile(path)
		if err != nil {
			return Snapshot{}, err
		}
		if text = trimBreak(text); text == "" {
			return Snapshot{}, fmt.Errorf("%w: file %s", ErrEmpty, path)
		}
		return NewSnapshot(text, "", time.Time{}), nil
	})
}

func readFile(path string) (string, error) {
	return readChecked(path, func(fs.FileInfo) string { return "" })
}

// readChecked reads a regular file unless there is something wrong with it. What is looked at is the file that is read: a name
// may stand for another file a moment later.
func readChecked(path string, wrong func(fs.FileInfo) string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return "", fileError(path, err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return "", fileError(path, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: file %s is not a regular file", ErrUnresolved, path)
	}
	if why := wrong(info); why != "" {
		return "", fmt.Errorf("%w: file %s: %s", ErrUnresolved, path, why)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", fileError(path, err)
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("%w: file %s is larger than 1 MiB", ErrUnresolved, path)
	}
	return string(data), nil
}

func fileError(path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // it would say the path twice
	}
	return fmt.Errorf("%w: file %s: %w", ErrUnresolved, path, err)
}

func trimBreak(text string) string {
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}

// Opener turns a reference of its scheme into a source. It may refuse a reference by its form, and need not call the
// store.
type Opener func(ctx context.Context, reference string) (Source, error)

// Resolver has an [Opener] for each scheme, such as "vault". The schemes file and env are known without an entry; an
// entry replaces them. The nil Resolver is ready to use. It is safe for concurrent use while nobody writes to it.
type Resolver map[string]Opener

// Resolve gives the source of a reference. A reference whose scheme has no entry is [ErrUnresolved]; the error names
// the scheme and not the rest, which may be a connection string with a password in it.
func (r Resolver) Resolve(ctx context.Context, reference string) (source Source, err error) {
	scheme := schemeOf(reference)
	if scheme == "" {
		return nil, fmt.Errorf("%w: the text is not a reference of the form scheme://…", ErrUnresolved)
	}
	open, known := r.opener(scheme)
	if !known {
		return nil, fmt.Errorf("%w: scheme %s:// is not known; known are %s", ErrUnresolved, scheme, strings.Join(r.schemes(), ", "))
	}
	defer func() {
		if p := recover(); p != nil {
			source, err = nil, fmt.Errorf("%w: %s: opener panicked with a %T", ErrUnresolved, named(reference), p)
		}
	}()
	source, err = open(ctx, reference)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrUnresolved, named(reference), err)
	case source == nil:
		return nil, fmt.Errorf("%w: %s: the opener gave no source", ErrUnresolved, named(reference))
	}
	return source, nil
}

// named is the reference without a user and password, which have no place in one, on one line. A key behind a # may have an @.
func named(reference string) string {
	scheme, rest, _ := strings.Cut(reference, "://")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if last := strings.LastIndexByte(rest, '@'); at < 0 && strings.Contains(rest[:end], ":") {
		at = last // a password may have any sign
	}
	return scheme + "://" + strings.Map(printable, rest[at+1:])
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return utf8.RuneError
	}
	return r
}

func (r Resolver) opener(scheme string) (Opener, bool) {
	if open := r[scheme]; open != nil {
		return open, true
	}
	switch scheme {
	case "file":
		return openFile, true
	case "env":
		return openEnv, true
	}
	return nil, false
}

func (r Resolver) schemes() []string {
	all := append(slices.Collect(maps.Keys(r)), "file", "env")
	slices.Sort(all)
	return slices.Compact(all)
}

func openFile(_ context.Context, reference string) (Source, error) {
	path, err := url.PathUnescape(strings.TrimPrefix(reference, "file://"))
	if err != nil {
		return nil, errors.New("the path has a bad percent-encoding")
	}
	if !filepath.IsAbs(path) {
		return nil, errors.New("the path is not absolute; write file:///directory/name with three slashes")
	}
	return File(path), nil
}

func openEnv(_ context.Context, reference string) (Source, error) {
	name := strings.TrimPrefix(reference, "env://")
	if name == "" || strings.ContainsAny(name, "=/ ") {
		return nil, errors.New("the name of the variable is missing or malformed; write env://NAME")
	}
	return Env(name), nil
}
