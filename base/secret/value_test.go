package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/secret"
)

const canary = "c4nary-53cret"

type config struct {
	Name     string
	Password secret.Value `json:"password" xml:"password"`
	hidden   secret.Value
}

type embedded struct {
	secret.Value
}

func leaks(t *testing.T, what, text string) {
	t.Helper()
	for _, form := range []string{
		canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
		fmt.Sprintf("%d", []byte(canary)), "YzRuYXJ5LTUzY3JldA",
	} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret: %s", what, text)
		}
	}
}

func reference(t *testing.T, text string) secret.Value {
	t.Helper()
	var v secret.Value
	if err := v.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSecretsCannotBePrinted(t *testing.T) {
	t.Parallel()
	snap := secret.NewSnapshot(canary, "", time.Time{})
	values := map[string]secret.Value{
		"literal":   secret.Literal(canary),
		"reference": reference(t, "vault://"+canary),
		"source":    secret.From(secret.Static(canary)),
	}
	for name, v := range values {
		c := config{"n", v, v}
		for form, x := range map[string]any{
			"plain": v, "pointer": &v, "struct": c, "struct pointer": &c, "embedded": embedded{v}, "map": map[string]secret.Value{"k": v},
			"slice": []secret.Value{v}, "error": fmt.Errorf("bad %v: %w", c, errors.New(fmt.Sprint(v))), "any": any(&c), "snapshot": snap,
			"snapshot pointer": &snap, "snapshots": []any{snap, struct{ s secret.Snapshot }{snap}},
			"static": secret.Static(canary), "nested": struct{ p *config }{&c},
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%g", "%p", "%T", "%w", "%!", "%z"} {
				leaks(t, name+" "+form+" "+verb, fmt.Sprintf(verb, x))
			}
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "x", x)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "x", x)
			if data, err := json.Marshal(x); err == nil {
				out.Write(data)
			}
			leaks(t, name+" "+form, out.String())
		}
		data, err := xml.Marshal(c)
		if err != nil {
			t.Error(err)
		}
		leaks(t, "xml", string(data))
		leaks(t, "cmp.Diff", cmp.Diff(v, secret.Literal("other")))
		text, _ := v.MarshalText()
		yaml, _ := v.MarshalYAML()
		if diff := cmp.Diff([]any{"[redacted]", "[redacted]", "[redacted]", "[redacted]"}, []any{string(text), yaml, v.String(), v.GoString()}); diff != "" {
			t.Error(diff)
		}
		var out bytes.Buffer
		if err := gob.NewEncoder(&out).Encode(v); !errors.Is(err, secret.ErrNotEncodable) {
			t.Errorf("gob: %v", err)
		}
		leaks(t, "gob", out.String())
	}
	if got := fmt.Sprintf("%v", secret.Value{}); got != secret.Redacted {
		t.Errorf("the zero value prints %s", got)
	}
}

func TestValueIsReadFromText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"file:///run/token": true, "awssm://name#key": true, "vault://path#key": true, "plain": false, "a b://c": false,
		"://x": false, "Upper://x": false, "1x://y": false, "p:/x": false,
	} {
		var c config
		if err := json.Unmarshal([]byte(`{"password":`+fmt.Sprintf("%q", text)+`}`), &c); err != nil {
			t.Fatal(err)
		}
		ref, ok := c.Password.Reference()
		if ok != want || (ok && ref != text) {
			t.Errorf("%s: reference %q %t", text, ref, ok)
		}
	}
	if v := reference(t, ""); !v.IsZero() {
		t.Error("an empty text is a secret")
	}
	if _, ok := secret.Literal("file:///x").Reference(); ok {
		t.Error("a literal became a reference")
	}
	if err := new(secret.Value).UnmarshalText([]byte("[redacted]")); !errors.Is(err, secret.ErrUnresolved) {
		t.Errorf("a redaction was taken for a secret: %v", err)
	}
}

func TestValuesAreCompared(t *testing.T) {
	t.Parallel()
	source := secret.From(secret.Static("a"))
	for _, tc := range []struct {
		name string
		a, b secret.Value
		want bool
	}{
		{"same text", secret.Literal("a"), secret.Literal("a"), true},
		{"other text", secret.Literal("a"), secret.Literal("b"), false},
		{"zero", secret.Value{}, secret.Literal(""), true},
		{"zero and text", secret.Value{}, secret.Literal("a"), false},
		{"literal and reference", secret.Literal("file:///a"), reference(t, "file:///a"), false},
		{"same source", source, source, true},
		{"source and text", source, secret.Literal("a"), false},
		{"nil source", secret.From(nil), secret.Value{}, true},
	} {
		if got := tc.a.Equal(tc.b); got != tc.want {
			t.Errorf("%s: %t", tc.name, got)
		}
	}
}

func ExampleValue() {
	password := secret.Literal("hunter2")
	fmt.Printf("%v %#v\n", password, struct{ Password secret.Value }{password})
	// Output: [redacted] struct { Password secret.Value }{Password:[redacted]}
}
