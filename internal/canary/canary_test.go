package canary_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/fourkites/sources/internal/canary"
)

// planted is one secret of every sort.
func planted(s *canary.Set) map[string]string {
	id, word, token := s.AWSKey("key", true)
	return map[string]string{
		"password": s.Password("password"), "ASCII": s.ASCII("ASCII"), "token": s.Token("token"), "JWT": s.JWT("JWT"), "word of " + id: word, "session": token,
		"PEM": s.PEM("PEM"),
	}
}

func TestEverySecretIsFoundInEveryEncoding(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	for sort, secret := range planted(set) {
		for _, e := range table() {
			text := `level=DEBUG msg="asked" url=` + e.encode(secret) + ` took=5ms`
			if leaks := set.Sweep("a log", text); len(leaks) == 0 {
				t.Errorf("%s, %s: not found in %s", sort, e.name, text)
			}
		}
	}
}

func TestTwelveLettersOfASecretAreALeakAndElevenAreNot(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	secret := []rune(set.Password("password"))
	for from := 0; from+12 <= len(secret); from++ {
		for _, e := range table() {
			if part := string(secret[from : from+12]); len(set.Sweep("", "x"+e.encode(part)+"x")) == 0 {
				t.Errorf("%s: not found from letter %d", e.name, from)
			}
		}
		if part := string(secret[from : from+11]); len(set.Sweep("", "|"+part+"|")) > 0 {
			t.Errorf("eleven letters from %d are found", from)
		}
	}
}

func TestWhatAllKeysBeginAndEndWithIsNoSecret(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	key := set.PEM("key")
	lines := strings.Split(strings.TrimSpace(key), "\n")
	if len(lines) < 5 || !strings.Contains(lines[0], "PRIVATE KEY") {
		t.Fatalf("%q is no key", key)
	}
	if leaks := set.Sweep("", lines[0]+"\n"+lines[1]+"\n"+lines[len(lines)-1]); len(leaks) > 0 {
		t.Error(leaks)
	}
	for name, text := range map[string]string{
		"one line": strings.Join(lines, ""), "a line of it": lines[2], "with CR": strings.Join(lines, "\r\n"), "in JSON": asJSON(key), "in base64": base64.StdEncoding.EncodeToString([]byte(key)),
	} {
		if len(set.Sweep("", text)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestALeakDoesNotShowTheSecretAgain(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	secret := set.Password("password")
	leaks := set.Sweep("a log", "before "+secret+" after")
	if len(leaks) != 1 || leaks[0].Field != "password" || leaks[0].Where != "a log" {
		t.Fatalf("%+v", leaks)
	}
	text := leaks[0].String()
	if len(set.Sweep("", text)) > 0 || !strings.Contains(text, "before") {
		t.Error(text)
	}
}

func TestTextsWithoutASecretHoldNone(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	secrets := planted(set)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // texts
	noise := canary.New("another seed")
	others := planted(noise)
	for sort := range secrets {
		for _, e := range table() {
			b := make([]byte, 2000)
			for i := range b {
				b[i] = byte(random.IntN(256))
			}
			if leaks := set.Sweep("", e.encode(string(b))+e.encode(others[sort])); len(leaks) > 0 {
				t.Errorf("%s: %v", e.name, leaks)
			}
		}
	}
}

// opaque is what a driver's error may look like.
type opaque struct{ address string }

func (o *opaque) Error() string { return "cannot connect" }

func TestEveryWayToPrintAValueIsSwept(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	secret := set.Password("password")
	type inner struct{ hidden string }
	for name, v := range map[string]any{
		"a field":           struct{ Password string }{secret},
		"an unexported one": inner{secret},
		"bytes":             struct{ Key []byte }{[]byte(secret)},
		"a map":             map[string]any{"a": []any{secret}},
		"an error":          errors.New(secret),
		"an error below":    fmt.Errorf("wrapped: %w", errors.Join(errors.New("one"), errors.New(secret))),
		"a field of one":    fmt.Errorf("wrapped: %w", &opaque{secret}),
	} {
		leaks := set.SweepValue(name, v)
		if len(leaks) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	if leaks := set.SweepValue("nothing", struct{ A any }{}); len(leaks) > 0 {
		t.Error(leaks)
	}
}

func TestTheTallyCounts(t *testing.T) {
	t.Parallel()
	set := canary.New(t.Name())
	secret := set.Password("a")
	set.Token("a")
	set.Token("b")
	set.Sweep("", "four")
	set.Sweep("", secret)
	want := canary.Tally{Secrets: 3, Fields: 2, Texts: 2, Bytes: 4 + int64(len(secret)), Found: 1}
	if got := set.Tally(); got != want || !strings.Contains(got.String(), "3 secrets in 2 fields") {
		t.Errorf("%+v, %s", got, got)
	}
}

func TestSecretsAreDistinctAndFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	one, again := canary.New("seed"), canary.New("seed")
	seen := map[string]bool{}
	for range 50 {
		a, b := one.Password("p"), again.Password("p")
		if a != b || seen[a] || strings.TrimSpace(a) != a {
			t.Fatalf("%q, %q", a, b)
		}
		seen[a] = true
	}
}

// FuzzASecretIsFound hides a secret in a text: any secret, any three encodings around each other, any surroundings.
func FuzzASecretIsFound(f *testing.F) {
	f.Add("correct horse battery", "before", "after", uint8(0), uint8(3), uint8(9))
	f.Add(`pa"ss\w%20ord+&<é漢>`, `\`, "%", uint8(40), uint8(8), uint8(1))
	all := table()
	f.Fuzz(func(t *testing.T, secret, before, after string, first, second, third uint8) {
		set := canary.New("fuzz")
		if runes := []rune(secret); len(runes) < 12 || len(runes) > 200 || strings.ToValidUTF8(secret, "") != secret || strings.ContainsFunc(secret, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Skip("no secret, or one that XML cannot hold")
		}
		set.Plant("field", secret)
		text := secret
		for i, n := range []uint8{first, second, third} {
			e := all[int(n)%len(all)]
			if i > 0 && (!layered(e.name) || strings.Contains(all[int(first)%len(all)].name, " ")) { // three layers in all
				continue
			}
			text = e.encode(text)
		}
		text = strings.TrimRight(before, `\%&`+"0123456789abcdefABCDEFuUx#;") + " " + text + " " + after
		if len(set.Sweep("", text)) == 0 {
			t.Errorf("%q is not found in %q", secret, text)
		}
	})
}

// layered are the encodings that are one layer and whose escapes are their own.
func layered(name string) bool {
	switch name {
	case "raw", "query", "path", "JSON", "JSON without HTML", "quoted", "HTML":
		return true
	}
	return false
}

func BenchmarkSweep(b *testing.B) {
	set := canary.New("bench")
	planted(set)
	line := `{"time":"2026-01-01T00:00:00Z","level":"DEBUG","msg":"asked","url":"https://example.com/a?b=c%20d","error":"bad \"thing\" & more"}` + "\n"
	text := strings.Repeat(line, 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		set.Sweep("", text)
	}
}
