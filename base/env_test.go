package base_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// settings are fields of every kind that a Config can have.
type settings struct {
	Host     string
	Port     int
	Secure   bool
	Wait     base.Duration
	Tags     []string
	Password secret.Value
}

func (s *settings) load(ctx context.Context, opts ...base.EnvOption) error {
	return base.LoadEnv(ctx, opts,
		base.EnvString(&s.Host, "HOST").OrName("SERVER", "MACHINE").Required(),
		base.EnvInt(&s.Port, "PORT"),
		base.EnvBool(&s.Secure, "SECURE"),
		base.EnvDuration(&s.Wait, "WAIT"),
		base.EnvStrings(&s.Tags, "TAGS"),
		base.EnvSecret(&s.Password, "PASSWORD").Required(),
	)
}

func fileWith(t *testing.T, text string) (reference string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// problems are the problems of a joined error by variable.
func problems(err error) map[string]string {
	all := map[string]string{}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return all
	}
	for _, err := range joined.Unwrap() {
		if e, ok := errors.AsType[*base.EnvError](err); ok {
			all[e.Variable] = e.Problem
		}
	}
	return all
}

func reveal(t *testing.T, v secret.Value) string {
	t.Helper()
	source, err := v.Source(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := source.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.Reveal()
}

func TestVariablesAreReadIntoTheirFields(t *testing.T) {
	t.Parallel()
	host, password := fileWith(t, "from-file\n"), fileWith(t, "hunter2\n")
	var s settings
	err := s.load(t.Context(), base.EnvMap(map[string]string{
		"HOST": " " + host + " ", "PORT": " 9000", "SECURE": "YES", "WAIT": "90s",
		"TAGS": "a, b,,c ", "PASSWORD": password + "\n",
	}))
	if err != nil || reveal(t, s.Password) != "hunter2" {
		t.Fatal(err)
	}
	s.Password = secret.Value{}
	if diff := cmp.Diff(settings{
		Host: "from-file", Port: 9000, Secure: true, Wait: base.Duration(90 * time.Second),
		Tags: []string{"a", "b", "c"},
	}, s); diff != "" {
		t.Error(diff)
	}
}

func TestEveryProblemIsReportedAtOnceByVariableAndNeverByValue(t *testing.T) {
	t.Parallel()
	const value = "v4lue-that-must-not-show"
	s := settings{Port: 1, Secure: true, Wait: 3, Tags: []string{"kept"}}
	before := s
	err := s.load(t.Context(), base.EnvPrefix("REWIND_"), base.EnvMap(map[string]string{
		"HOST": "no prefix", "REWIND_PORT": value, "REWIND_SECURE": value, "REWIND_WAIT": value,
		"REWIND_TAGS": "a\x00" + value, "REWIND_PASSWORD": "  ",
	}))
	if diff := cmp.Diff(map[string]string{
		"REWIND_HOST": "missing", "REWIND_PORT": "not a whole number",
		"REWIND_SECURE": "neither true nor false", "REWIND_WAIT": `not a duration; write it as "30s" or "5m"`,
		"REWIND_TAGS":     "holds a NUL byte",
		"REWIND_PASSWORD": "missing",
	}, problems(err)); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), value) {
		t.Errorf("a value shows: %v", err)
	}
	if fmt.Sprintf("%+v", s) != fmt.Sprintf("%+v", before) {
		t.Errorf("a wrong variable changed its field: %+v", s)
	}
}

func TestNumbersThatNoFieldHoldsAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"PORT": "99999999999999999999", "WAIT": "10000000h", "SECURE": "maybe",
	} {
		var s settings
		err := s.load(t.Context(), base.EnvMap(map[string]string{"HOST": "h", "PASSWORD": "p", name: text}))
		if found := problems(err); len(found) != 1 || found[name] == "" || strings.Contains(found[name], text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOtherNamesOfAVariableAreRead(t *testing.T) {
	t.Parallel()
	for want, vars := range map[string]map[string]string{
		"a": {"HOST": "a", "SERVER": "b"}, "b": {"HOST": " ", "SERVER": "b", "MACHINE": "c"}, "c": {"MACHINE": "c"},
	} {
		vars["PASSWORD"] = "p"
		var s settings
		if err := s.load(t.Context(), base.EnvMap(vars)); err != nil || s.Host != want {
			t.Errorf("%q, %v; want %q", s.Host, err, want)
		}
	}
	var s settings
	if found := problems(s.load(t.Context(), base.EnvMap(map[string]string{"SERVER": "env://x y"}))); found["SERVER"] == "" {
		t.Errorf("the name that was set is not the one that is told: %v", found)
	}
}

func TestReferencesAreResolvedAndAddressesAreNot(t *testing.T) {
	t.Parallel()
	store := secret.Resolver{"vault": func(_ context.Context, reference string) (secret.Source, error) {
		return secret.Static("of " + reference), nil
	}}
	for text, want := range map[string]string{
		"https://host/path": "https://host/path", "bolt://host:7687": "bolt://host:7687", "vault://a#b": "of vault://a#b",
		"host:9000": "host:9000", "a://b": "a://b",
	} {
		var s settings
		err := s.load(t.Context(), base.EnvSecrets(store), base.EnvMap(map[string]string{"HOST": text, "PASSWORD": text}))
		if err != nil || s.Host != want {
			t.Errorf("%s gave %q, %v", text, s.Host, err)
		}
		if ref, ok := s.Password.Reference(); ok != strings.Contains(text, "://") || (ok && ref != text) {
			t.Errorf("%s: a secret's reference must stay one: %q, %t", text, ref, ok)
		}
	}
	for text, want := range map[string]string{
		"awssm://name": "scheme awssm:// is not known", "file:///no/such/file": "file /no/such/file",
		fileWith(t, ""): "empty", fileWith(t, "a\x00b"): "NUL", "env://SOURCES_TEST_UNSET": "SOURCES_TEST_UNSET",
	} {
		var s settings
		err := s.load(t.Context(), base.EnvMap(map[string]string{"HOST": text, "PASSWORD": "p"}))
		if found := problems(err); !strings.Contains(found["HOST"], want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestASecretIsReadAsItStands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{" sp aces ": " sp aces ", "line\r\n": "line", "tab\t": "tab\t"} {
		var s settings
		if err := s.load(t.Context(), base.EnvMap(map[string]string{"HOST": "h", "PASSWORD": text})); err != nil || reveal(t, s.Password) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTheProcesssEnvironmentIsTheDefault(t *testing.T) {
	t.Setenv("SOURCES_TEST_HOST", "h")
	t.Setenv("SOURCES_TEST_PASSWORD", "p")
	var s settings
	if err := s.load(t.Context(), base.EnvPrefix("SOURCES_TEST_")); err != nil || s.Host != "h" {
		t.Errorf("%+v, %v", s, err)
	}
}

// marked puts the mark at the end of every value but that of HOST.
func marked(vars map[string]string, mark string) map[string]string {
	all := maps.Clone(vars)
	for name := range all {
		if name != "HOST" {
			all[name] += mark
		}
	}
	return all
}

func FuzzEnv(f *testing.F) {
	for _, seed := range []string{"1", "0.5", "on", "30s", "2025-01-02T03:04:05Z", "a,b", "file:///x", "\x00", "[redacted]", "-9e999", "1h2m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s settings
		vars := map[string]string{"HOST": "h", "PASSWORD": "p"}
		for _, name := range []string{"PORT", "SECURE", "WAIT", "TAGS"} {
			vars[name] = text
		}
		_ = s.load(t.Context(), base.EnvMap(vars))
		if s.Host != "h" {
			t.Errorf("%+v", s)
		}
		const mark = "v4lue" // in no message of ours
		for variable, problem := range problems(s.load(t.Context(), base.EnvMap(marked(vars, mark)))) {
			if strings.Contains(problem, mark) && !strings.Contains(text, "://") {
				t.Errorf("%s shows its value: %s", variable, problem)
			}
		}
		var span base.Duration
		if span.UnmarshalText([]byte(text)) == nil {
			var back base.Duration
			if again, _ := span.MarshalText(); back.UnmarshalText(again) != nil || back != span {
				t.Errorf("%q reads as %s, which does not read back", text, span)
			}
		}
	})
}

func ExampleLoadEnv() {
	var host string
	var port int
	err := base.LoadEnv(context.Background(), []base.EnvOption{base.EnvMap(map[string]string{"SHOP_PORT": "many"})},
		base.EnvString(&host, "SHOP_HOST").Required(),
		base.EnvInt(&port, "SHOP_PORT"),
	)
	fmt.Println(err)
	// Output:
	// SHOP_HOST: missing
	// SHOP_PORT: not a whole number
}
