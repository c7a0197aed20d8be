package vaultsecret

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// written is the reference anew, all of it encoded.
func (r reference) written() string {
	parts := strings.Split(r.path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	text := "vault://" + strings.Join(parts, "/")
	if r.version != 0 {
		text += "?version=" + strconv.Itoa(r.version)
	}
	return text + "#" + url.PathEscape(r.key)
}

func FuzzReference(f *testing.F) {
	for _, text := range []string{
		"", "vault://", "vault://secret/app", "vault://secret/app#key", "vault://secret/a/b?version=3#k", "vault://a%2Fb/c#%23", "vault://database/creds/role",
		"vault://a/%2e%2e/b", "vault://a/b?version=0", "vault://a/b?version=1&version=2", "x://a/b#c?d", "vault://a/%ff", "vault://a/b#%zz", "vault:///a/b", "vault://a/b+c%20d",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parse(text)
		if err != nil {
			if !errors.Is(err, ErrReference) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for part := range strings.SplitSeq(r.path, "/") {
			if part == "" || part == "." || part == ".." {
				t.Errorf("%q has the path %q", text, r.path)
			}
		}
		if !strings.Contains(r.path, "/") || len(r.path) > maxPath || strings.ContainsAny(r.path, "\x00\n") || r.key == "" || r.version < 0 {
			t.Errorf("%q is %+v", text, r)
		}
		again, err := parse(r.written())
		if err != nil {
			t.Fatalf("%q was read, and not %q: %v", text, r.written(), err)
		}
		if again.text = text; again != r {
			t.Errorf("%q is %+v, written anew %+v", text, r, again)
		}
	})
}

func FuzzContent(f *testing.F) {
	for _, text := range []string{
		`{"data":{"password":"x","username":"y"},"metadata":{"version":1}}`, `{}`, `{"data":null,"metadata":{"version":1,"deletion_time":"t"}}`, `{"data":null,"metadata":{"version":1,"destroyed":true}}`,
		`{"data":{"password":1.50},"metadata":{"version":1}}`, `{"data":{"password":[]},"metadata":{"version":"1"}}`, `{"data":[],"metadata":[]}`,
	} {
		f.Add(text, "password")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		var data map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&data) != nil {
			return
		}
		r := reference{text: "vault://a/b", key: key}
		for _, read := range []func() (snap interface{ IsZero() bool }, err error){
			func() (interface{ IsZero() bool }, error) { return r.versioned(data) },
			func() (interface{ IsZero() bool }, error) { return r.snapshot(data, "") },
		} {
			snap, err := read()
			if (err == nil) == snap.IsZero() {
				t.Errorf("%v and %v", snap, err)
			}
		}
	})
}

func TestTheWaitAfterAFailureGrowsToAMinute(t *testing.T) {
	t.Parallel()
	for failures, most := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		for range 20 {
			if wait := backoff(failures); wait < most/2 || wait > most {
				t.Errorf("after %d failures: %s", failures, wait)
			}
		}
	}
	if wait := backoff(1 << 30); wait > time.Minute {
		t.Error(wait)
	}
}

func TestNumbersOfAnAnswerAreLengthsOfTime(t *testing.T) {
	t.Parallel()
	for value, want := range map[any]time.Duration{
		json.Number("90"): 90 * time.Second, json.Number("-1"): 0, json.Number("1.5"): 0, json.Number("9223372036854775807"): longestLife, "90": 0, nil: 0, true: 0,
	} {
		if got := seconds(value); got != want {
			t.Errorf("%v is %s, want %s", value, got, want)
		}
	}
}
