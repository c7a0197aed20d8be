package secret_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/secret"
)

func TestAStoredTextIsASecretAsItStands(t *testing.T) {
	t.Parallel()
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, text := range []string{
		"x", " with blanks ", "tab\t", "ünïcode", "first\nsecond", "-----BEGIN\nlines\n-----END\n", "a\r\nb\r\n", "\nx", strings.Repeat("x", 1<<20),
	} {
		snap, err := secret.Stored(text, "v1", expires)
		if err != nil || snap.Reveal() != text || snap.Version != "v1" || !snap.Expires.Equal(expires) {
			t.Errorf("%.20q: %v, %v", text, snap, err)
		}
	}
	if snap, err := secret.Stored("x", "", time.Time{}); err != nil || snap.Version == "" {
		t.Errorf("no version is made up: %v, %v", snap, err)
	}
}

func TestAStoredTextThatCannotBeASecretIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want error
		says string
	}{
		{"", secret.ErrEmpty, "nothing"},
		{"\n", secret.ErrEmpty, "nothing"},
		{"\r\n\r\n", secret.ErrEmpty, "nothing"},
		{canary + "\n", secret.ErrMalformed, "trailing line break"},
		{canary + "\r\n", secret.ErrMalformed, "trailing line break"},
		{canary + "\r", secret.ErrMalformed, "trailing line break"},
		{canary + "\n\n", secret.ErrMalformed, "trailing line break"},
		{canary + "\x00", secret.ErrMalformed, "NUL"},
		{canary + "\xff", secret.ErrMalformed, "UTF-8"},
		{canary + strings.Repeat("x", 1<<20-len(canary)+1), secret.ErrMalformed, "1 MiB"},
	} {
		snap, err := secret.Stored(test.text, "v1", time.Time{})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || !snap.IsZero() {
			t.Errorf("%.20q: %v, %v", test.text, snap, err)
		}
		leaks(t, "error", err.Error())
		if errors.Is(err, secret.ErrMalformed) && !errors.Is(err, secret.ErrUnresolved) {
			t.Errorf("%v is malformed and not unresolved", err)
		}
	}
}

func FuzzStored(f *testing.F) {
	for _, text := range []string{"", "x", "x\n", "a\nb\n", "\x00", "\xff", "\r"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		snap, err := secret.Stored(text, "v", time.Time{})
		if (err == nil) == snap.IsZero() {
			t.Fatalf("%v and %v", snap, err)
		}
		if err == nil && snap.Reveal() != text {
			t.Error("the text was changed")
		}
	})
}
