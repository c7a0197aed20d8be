package secret_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/secret"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func reveal(t *testing.T, s secret.Source) secret.Snapshot {
	t.Helper()
	snap, err := s.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func TestFileIsReadAgainAfterAChange(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	s := secret.File(path)
	var versions []string
	for _, tc := range []struct{ text, want string }{{"one\n", "one"}, {"two\r\n", "two"}, {" three\n\n", " three\n"}, {"one", "one"}} {
		write(t, path, tc.text)
		snap := reveal(t, s)
		if snap.Reveal() != tc.want || string(snap.Bytes()) != tc.want {
			t.Errorf("%q read as %q", tc.text, snap.Reveal())
		}
		versions = append(versions, snap.Version)
	}
	if versions[0] != versions[3] || versions[0] == versions[1] || versions[1] == versions[2] {
		t.Errorf("versions %v do not follow the text", versions)
	}
}

func TestSourcesNameTheReferenceAndNeverTheValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty, large := filepath.Join(dir, "empty"), filepath.Join(dir, "large")
	write(t, empty, "\n")
	write(t, large, strings.Repeat(canary, 100_000))
	failing := secret.Resolver{
		"vault": func(context.Context, string) (secret.Source, error) { return nil, errors.New("sealed") },
		"boom":  func(context.Context, string) (secret.Source, error) { panic(canary) },
		"none":  func(context.Context, string) (secret.Source, error) { return nil, nil },
	}
	for _, tc := range []struct {
		name  string
		value secret.Value
		want  error
		says  string
	}{
		{"no secret", secret.Value{}, secret.ErrEmpty, "no secret is configured"},
		{"missing file", reference(t, "file:///does/not/exist"), secret.ErrUnresolved, "/does/not/exist"},
		{"missing file is still fs.ErrNotExist", reference(t, "file:///does/not/exist"), os.ErrNotExist, "/does/not/exist"},
		{"empty file", reference(t, "file://"+empty), secret.ErrEmpty, empty},
		{"directory", reference(t, "file://"+dir), secret.ErrUnresolved, "not a regular file"},
		{"large file", reference(t, "file://"+large), secret.ErrUnresolved, "1 MiB"},
		{"relative path", reference(t, "file://token"), secret.ErrUnresolved, "three slashes"},
		{"bad encoding", reference(t, "file:///%zz"), secret.ErrUnresolved, "percent-encoding"},
		{"unset variable", reference(t, "env://SOURCES_TEST_UNSET"), secret.ErrEmpty, "SOURCES_TEST_UNSET"},
		{"malformed variable", reference(t, "env://"), secret.ErrUnresolved, "env://NAME"},
		{"unknown scheme", reference(t, "postgres://user:"+canary+"@db"), secret.ErrUnresolved, "postgres://"},
		{"failing opener", reference(t, "vault://kv/app#key"), secret.ErrUnresolved, "vault://kv/app#key: sealed"},
		{"failing opener of a reference with a password", reference(t, "vault://user:"+canary+"@kv/app#key"), secret.ErrUnresolved, "vault://kv/app#key: sealed"},
		{"failing opener of a reference with an at sign in its password", reference(t, "vault://user:p@"+canary+"@kv/app#key"), secret.ErrUnresolved, "vault://kv/app#key: sealed"},
		{"panicking opener", reference(t, "boom://x"), secret.ErrUnresolved, "boom://x"},
		{"opener without a source", reference(t, "none://x"), secret.ErrUnresolved, "none://x"},
		{"empty static", secret.From(secret.Static("")), secret.ErrEmpty, "static"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := tc.value.Source(t.Context(), failing)
			if err == nil {
				_, err = s.Get(t.Context())
			}
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, want %v that says %q", err, tc.want, tc.says)
			}
			leaks(t, "error", err.Error())
		})
	}
}

func TestValueGivesItsSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "to ken")
	write(t, path, "from file\n")
	t.Setenv("SOURCES_TEST_SET", "from env")
	resolver := secret.Resolver{"vault": func(_ context.Context, ref string) (secret.Source, error) {
		return secret.Static("from " + ref), nil
	}}
	for want, v := range map[string]secret.Value{
		"literal":          secret.Literal("literal"),
		"from source":      secret.From(secret.Static("from source")),
		"from file":        reference(t, "file://"+strings.ReplaceAll(path, " ", "%20")),
		"from env":         reference(t, "env://SOURCES_TEST_SET"),
		"from vault://a#b": reference(t, "vault://a#b"),
	} {
		s, err := v.Source(t.Context(), resolver)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := reveal(t, s).Reveal(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestResolverErrorListsTheKnownSchemes(t *testing.T) {
	t.Parallel()
	_, err := secret.Resolver{"vault": nil}.Resolve(t.Context(), "x://y")
	if err == nil || !strings.Contains(err.Error(), "env, file, vault") {
		t.Error(err)
	}
	if _, err := secret.Resolver(nil).Resolve(t.Context(), canary); !errors.Is(err, secret.ErrUnresolved) {
		t.Error(err)
	} else {
		leaks(t, "error", err.Error())
	}
}

func TestAnErrorNamesAReferenceWithItsKeyAndWithoutAUser(t *testing.T) {
	t.Parallel()
	refuses := secret.Resolver{"shelf": func(context.Context, string) (secret.Source, error) { return nil, errDown }}
	for reference, want := range map[string]string{
		"shelf://a/b?version=1#key":         "shelf://a/b?version=1#key",
		"shelf://a#user@example.com":        "shelf://a#user@example.com",
		"shelf://token" + canary + "@a/b":   "shelf://a/b",
		"shelf://u:" + canary + "@a/b@c":    "shelf://a/b@c",
		"shelf://u:x/" + canary + "@a/b":    "shelf://a/b",
		"shelf://u:x#?" + canary + "@a#key": "shelf://a#key",
		"shelf://a\nb\x1b":                  "shelf://a\uFFFDb\uFFFD",
	} {
		_, err := refuses.Resolve(t.Context(), reference)
		if !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), want+": "+errDown.Error()) {
			t.Errorf("%q is not in %v", want, err)
		}
		leaks(t, "error", fmt.Sprint(err))
	}
}
