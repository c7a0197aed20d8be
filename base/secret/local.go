package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// LocalFile opens references of the form local://name in a file of secrets for development: a JSON object of texts, such as
//
//	{"jira-token": "…", "warehouse-password": "…"}
//
// Give it to a [Resolver] under "local". The file is read at every Get, so that an edit is seen; one that is caught half
// written is an error. It must be a regular file of at most 1 MiB that belongs to the user of the process or to root, and that
// nobody else may read or write (chmod 600), where the system has such modes: another one is [ErrUnresolved], and so is a name
// that it does not hold, or holds twice. The text is checked by [Stored]: an empty one is [ErrEmpty].
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
			snap, err := readEntry(path, name)
			if err != nil {
				return Snapshot{}, fmt.Errorf("local://%s: %w", name, err)
			}
			return snap, nil
		}), nil
	}
}

func readEntry(path, name string) (Snapshot, error) {
	text, err := readChecked(path, exposed)
	if err != nil {
		return Snapshot{}, err
	}
	entry, err := findEntry(text, name)
	if err != nil {
		return Snapshot{}, fmt.Errorf("%w: file %s: %w", ErrUnresolved, path, err)
	}
	snap, err := Stored(entry, "", time.Time{})
	if err != nil {
		return Snapshot{}, fmt.Errorf("%w: the entry of file %s", err, path)
	}
	return snap, nil
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

// findEntry is the text of that name in a JSON object. Its errors hold no part of the object: the decoder's own might, and of a
// pair that was written the wrong way round the name is the secret.
func findEntry(text, name string) (string, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	bad := func() error { return fmt.Errorf("not a JSON object, near byte %d", decoder.InputOffset()) }
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return "", bad()
	}
	var found []json.RawMessage
	for decoder.More() {
		var value json.RawMessage
		key, err := decoder.Token()
		if err != nil || decoder.Decode(&value) != nil {
			return "", bad()
		}
		if key == json.Token(name) {
			found = append(found, value)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return "", bad()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("something follows the JSON object, at byte %d", decoder.InputOffset())
	}
	return theEntry(name, found)
}

func theEntry(name string, found []json.RawMessage) (string, error) {
	switch len(found) {
	case 0:
		return "", errors.New("it has no entry of that name")
	case 1:
	default:
		return "", fmt.Errorf("the entry %q is there more than once", name)
	}
	var entry *string
	if json.Unmarshal(found[0], &entry) != nil || entry == nil {
		return "", fmt.Errorf("the entry %q is not a text", name)
	}
	if strings.ContainsRune(*entry, utf8.RuneError) {
		return "", fmt.Errorf("the entry %q holds U+FFFD, or what cannot be decoded; write the file in UTF-8", name)
	}
	return *entry, nil
}
