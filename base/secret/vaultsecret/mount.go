package vaultsecret

import (
	"context"
	"net/http"
	"strings"
)

// engine is what is behind a path.
type engine int

// What a store makes a difference between: the two kinds of KV, and whatever issues something.
const (
	unknown engine = iota
	kv1
	kv2
	issuing
)

// mount is where a path leads.
type mount struct {
	engine engine
	root   string // with a slash at its end
	rest   string
}

// find asks the server which mount a path belongs to. Where the token may not ask that, which Vault allows to all who may read
// anything there, the first part of the path is taken for the mount of an engine that issues if the second one says so, and of
// KV v2 if not.
func (s *Store) find(ctx context.Context, path string) (mount, error) {
	out, _, err := s.ask(ctx, opMount, read("sys/internal/ui/mounts/"+path, nil))
	switch {
	case err != nil && statusOf(err) != http.StatusForbidden && statusOf(err) != http.StatusNotFound:
		return mount{}, err
	case err != nil || out == nil:
		return guessed(path), nil
	}
	root, _ := out.Data["path"].(string)
	rest, within := strings.CutPrefix(path, root)
	if root == "" || !within || rest == "" {
		return guessed(path), nil
	}
	m := mount{issuing, root, rest}
	if kind := out.Data["type"]; kind == "kv" || kind == "generic" {
		m.engine = kv1
		if options, ok := out.Data["options"].(map[string]any); ok && options["version"] == "2" {
			m.engine = kv2
		}
	}
	return m, nil
}

func guessed(path string) mount {
	root, rest, _ := strings.Cut(path, "/")
	m := mount{kv2, root + "/", rest}
	switch first, _, _ := strings.Cut(rest, "/"); first {
	case "creds", "static-creds":
		m.engine = issuing
	}
	return m
}
