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

// localFile is a file of that text and mode with the opener for it.
func localFile(t *testing.T, text string, mode os.FileMode) (string, secret.Resolver) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path, secret.Resolver{"local": secret.LocalFile(path)}
}

func read(ctx context.Context, resolver secret.Resolver, reference string) (secret.Snapshot, error) {
	source, err := resolver.Resolve(ctx, reference)
	if err != nil {
		return secret.Snapshot{}, err
	}
	return source.Get(ctx)
}

func TestALocalFileHoldsSecretsByName(t *testing.T) {
	t.Parallel()
	path, resolver := localFile(t, `{"jira-token": "first", "pem": "a\nb\n", "none": ""}`, 0o600)
	snap, err := read(t.Context(), resolver, "local://jira-token")
	if err != nil || snap.Reveal() != "first" {
		t.Fatal(err)
	}
	if pem, err := read(t.Context(), resolver, "local://pem"); err != nil || pem.Reveal() != "a\nb\n" {
		t.Errorf("a text of many lines is changed: %v", err)
	}
	if err := os.WriteFile(path, []byte(`{"jira-token": "second"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	next, err := read(t.Context(), resolver, "local://jira-token")
	if err != nil || next.Reveal() != "second" || next.Version == snap.Version {
		t.Errorf("an edit is not seen: %v, %v", next, err)
	}
}

func TestALocalFileThatOthersCanReadOrChangeIsRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o644, 0o601} {
		_, resolver := localFile(t, `{"a": "`+canary+`"}`, mode)
		snap, err := read(t.Context(), resolver, "local://a")
		if !errors.Is(err, secret.ErrUnresolved) || !snap.IsZero() || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestALocalFileOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	path, resolver := localFile(t, `{"a": "b"}`, 0o600)
	if err := os.Chown(path, os.Geteuid()+4711, -1); err != nil {
		t.Skipf("only root can give a file away: %v", err)
	}
	if _, err := read(t.Context(), resolver, "local://a"); !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), "belongs to user") {
		t.Error(err)
	}
}

func TestAnEntryOfALocalFileThatIsWrongIsNoMatterOfTheOthers(t *testing.T) {
	t.Parallel()
	_, resolver := localFile(t, `{"`+canary+`": 5, "b": "c", "b": "d", "a": "good"}`, 0o600)
	if snap, err := read(t.Context(), resolver, "local://a"); err != nil || snap.Reveal() != "good" {
		t.Error(err)
	}
	_, err := read(t.Context(), resolver, "local://z")
	leaks(t, "error", fmt.Sprint(err))
}

func TestABadLocalFileIsAnErrorThatNamesTheReferenceAndNoText(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct {
		want error
		says string
	}{
		``:                                  {secret.ErrUnresolved, "not a JSON object"},
		`{"a": ` + canary:                   {secret.ErrUnresolved, "not a JSON object"},
		`["` + canary + `"]`:                {secret.ErrUnresolved, "not a JSON object"},
		`{"a": "b"} "` + canary:             {secret.ErrUnresolved, "follows"},
		`{"a": {"b": "c"}}`:                 {secret.ErrUnresolved, `"a" is not a text`},
		`{"a": 12345}`:                      {secret.ErrUnresolved, `"a" is not a text`},
		`{"a": null}`:                       {secret.ErrUnresolved, `"a" is not a text`},
		`{"a": "` + canary + `"}}`:          {secret.ErrUnresolved, "follows"},
		`{"a": "` + canary + `"`:            {secret.ErrUnresolved, "not a JSON object"},
		`{"a": "` + canary + `", "a": "b"}`: {secret.ErrUnresolved, "more than once"},
		`{"a": "` + canary + "\xff\"}":      {secret.ErrUnresolved, "UTF-8"},
		`{"a": "` + canary + `\n"}`:         {secret.ErrMalformed, "trailing line break"},
		`{"a": "` + canary + `\u0000"}`:     {secret.ErrMalformed, "NUL"},
		`null`:                              {secret.ErrUnresolved, "not a JSON object"},
		`{"a": ""}`:                         {secret.ErrEmpty, "entry"},
		`{"b": "` + canary + `"}`:           {secret.ErrUnresolved, "no entry"},
		`{"a": "` + canary + "\n\"}":        {secret.ErrUnresolved, "not a JSON object"},
	} {
		_, resolver := localFile(t, text, 0o600)
		snap, err := read(t.Context(), resolver, "local://a")
		if !errors.Is(err, c.want) || !snap.IsZero() || !strings.Contains(err.Error(), "local://a") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.10q: %v", text, err)
		}
		leaks(t, "error", fmt.Sprint(err))
	}
	_, resolver := localFile(t, `{}`, 0o600)
	for _, reference := range []string{"local://", "local://a\nb"} {
		if _, err := read(t.Context(), resolver, reference); !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), "write local://NAME") {
			t.Errorf("%q: %v", reference, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := read(ended, resolver, "local://a"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	absent := secret.Resolver{"local": secret.LocalFile(filepath.Join(t.TempDir(), "none"))}
	if _, err := read(t.Context(), absent, "local://a"); !errors.Is(err, secret.ErrUnresolved) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
