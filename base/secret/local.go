package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// LocalFile opens references of the form local://name in a file of secrets for development: a JSON object of texts, such as
//
//	{"jira-token": "…", "warehouse-password": "…"}
//
// Give it to a [Resolver] under "local". The file is read at every Get, so that an edit is seen. It must be a regular file
// of at most 1 MiB that belongs to the user of the process or to root, and that nobody else may read or write (chmod 600):
// another one is [ErrUnresolved], and so is a name that it does not hold. An empty text is [ErrEmpty].
func LocalFile(path string) Opener {
	return func(_ context.Context, reference string) (Source, error) {
		name := strings.TrimPrefix(reference, "local://")
		if name == "" || strings.ContainsAny(name, "\r\n") {
			return nil, errors.New("the name is missing or malformed; write local://NAME")
		}
		return SourceFunc(func(ctx context.Context) (Snapshot, error) {
			if err := ctx.Err(); err != nil {
				return Snapshot{}, fmt.Errorf("secret: local://%s: %w", name, err)
			}
			text, err := readEntry(path, name)
			if err != nil {
				return Snapshot{}, fmt.Errorf("local://%s: %w", name, err)
			}
			return NewSnapshot(text, "", time.Time{}), nil
		}), nil
	}
}

func readEntry(path, name string) (string, error) {
	entries, err := readEntries(path)
	if err != nil {
		return "", err
	}
	switch text, found := entries[name]; {
	case !found:
		return "", fmt.Errorf("%w: file %s has no entry of that name", ErrUnresolved, path)
	case text == "":
		return "", fmt.Errorf("%w: the entry of file %s", ErrEmpty, path)
	default:
		return text, nil
	}
}

func readEntries(path string) (map[string]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	if why := exposed(info); why != "" {
		return nil, fmt.Errorf("%w: file %s: %s", ErrUnresolved, path, why)
	}
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	entries, err := decodeEntries([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: file %s: %w", ErrUnresolved, path, err)
	}
	return entries, nil
}

// exposed says how others than the user of the process could read or change a file; empty where they cannot.
func exposed(info fs.FileInfo) string {
	if mode := info.Mode().Perm(); mode&0o077 != 0 && checksModes {
		return fmt.Sprintf("others may read or change it (mode %04o); run chmod 600", mode)
	}
	if uid, known := ownerOf(info); known && !slices.Contains([]int{0, os.Geteuid()}, uid) {
		return fmt.Sprintf("it belongs to user %d, not to the user of this process", uid)
	}
	return ""
}

// decodeEntries reads one object of texts. Its errors hold no part of the text: the decoder's own might.
func decodeEntries(text []byte) (map[string]string, error) {
	var raw map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&raw); err != nil {
		return nil, fmt.Errorf("not a JSON object, near byte %d", decoder.InputOffset())
	}
	if decoder.More() {
		return nil, fmt.Errorf("something follows the JSON object, at byte %d", decoder.InputOffset())
	}
	entries := make(map[string]string, len(raw))
	for name, value := range raw {
		var entry *string
		if json.Unmarshal(value, &entry) != nil || entry == nil {
			return nil, fmt.Errorf("the entry %q is not a text", name)
		}
		entries[name] = *entry
	}
	return entries, nil
}
