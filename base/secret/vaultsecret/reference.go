package vaultsecret

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrReference: the text of a reference cannot be one of this store.
var ErrReference = errors.New("not a reference to a secret of Vault")

// reference is a text of the form scheme://mount/path?version=3#key, taken apart.
type reference struct {
	text    string // as it was written
	path    string // mount and all, decoded
	version int    // of KV v2; 0 = the latest
	key     string // as written, or password
}

// keyPassword is the key where none is written, and keyUser the one beside it: those of the database engine, and of what
// people keep in KV.
const (
	keyPassword = "password"
	keyUser     = "username"
)

// Bounds of our own; those of Vault are wider.
const (
	maxPath    = 1024
	maxKey     = 256
	maxVersion = 1 << 31
)

// parse takes a reference apart. Its errors match ErrReference and say which part is wrong.
func parse(text string) (reference, error) {
	r := reference{text: text, key: keyPassword}
	_, rest, found := strings.Cut(text, "://")
	if !found {
		return r, badReference("it is not of the form vault://mount/path#key")
	}
	rest, fragment, keyed := strings.Cut(rest, "#")
	path, query, asked := strings.Cut(rest, "?")
	if err := r.setPath(path); err != nil {
		return r, err
	}
	if asked {
		if err := r.setVersion(query); err != nil {
			return r, err
		}
	}
	if keyed {
		return r, r.setKey(fragment)
	}
	return r, nil
}

func badReference(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrReference, fmt.Errorf(format, args...))
}

func (r *reference) setPath(text string) error {
	segments := strings.Split(text, "/")
	if len(segments) < 2 {
		return badReference("the path needs a mount and what is in it, such as secret/app")
	}
	for i, segment := range segments {
		plain, err := decoded("path", segment)
		switch {
		case err != nil:
			return err
		case plain == "", plain == ".", plain == "..":
			return badReference("the path has an empty part, or one of dots alone; it neither begins nor ends with a slash")
		case strings.Contains(plain, "/"):
			return badReference("the path has a slash written as %%2F; write it as one")
		case strings.ContainsFunc(plain, unicode.IsControl):
			return badReference("the path has a control character")
		}
		segments[i] = plain
	}
	r.path = strings.Join(segments, "/")
	if len(r.path) > maxPath {
		return badReference("the path is longer than %d bytes", maxPath)
	}
	return nil
}

func (r *reference) setVersion(query string) error {
	what, text, _ := strings.Cut(query, "=")
	if what != "version" || strings.Contains(query, "&") {
		return badReference("version=NUMBER is the only parameter; a question mark begins it, and goes before the #")
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 || n >= maxVersion || text[0] == '0' || text[0] == '+' {
		return badReference("the version must be a number from 1 on")
	}
	r.version = int(n)
	return nil
}

func (r *reference) setKey(fragment string) error {
	key, err := decoded("key", fragment)
	switch {
	case err != nil:
		return err
	case strings.Contains(fragment, "#"):
		return badReference("more than one #; write one that belongs to the key as %%23")
	case key == "" || len(key) > maxKey || strings.ContainsFunc(key, unicode.IsControl):
		return badReference("the key behind the # must be 1 to %d bytes, without control characters; without the # it is %s", maxKey, keyPassword)
	}
	r.key = key
	return nil
}

func decoded(what, text string) (string, error) {
	plain, err := url.PathUnescape(text)
	if err != nil {
		return "", badReference("the %s has a bad percent-encoding; write a percent sign as %%25", what)
	}
	if !utf8.ValidString(plain) {
		return "", badReference("the %s is not UTF-8", what)
	}
	return plain, nil
}
