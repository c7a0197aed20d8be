package awssecret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
)

func TestAReferenceIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	const database = `{"username":"reader","password":"p w","port":5439,"ratio":1e5,"tls":true,"a b":"blank","k#":"hash","ünï":"letters","host":"h"}`
	id := server.Put("prod/db", database)
	server.Put("/rooted/name", "rooted")
	server.Put("rds!cluster-1", "managed")
	server.Put("pem", "-----BEGIN X-----\nAAAA\n-----END X-----\n")
	server.Put("a@b+c", "signs")
	arn := server.ARN("prod/db")
	for reference, want := range map[string]string{
		"awssm://prod/db":                                         database,
		"awssm://prod/db#password":                                "p w",
		"awssm://prod%2Fdb#pass%77ord":                            "p w",
		"awssm://prod/db#port":                                    "5439",
		"awssm://prod/db#ratio":                                   "1e5",
		"awssm://prod/db#tls":                                     "true",
		"awssm://prod/db#a%20b":                                   "blank",
		"awssm://prod/db#a b":                                     "blank",
		"awssm://prod/db#k%23":                                    "hash",
		"awssm://prod/db#%C3%BCn%C3%AF":                           "letters",
		"awssm://prod/db?stage=AWSCURRENT#host":                   "h",
		"awssm://prod/db?version=" + id + "#host":                 "h",
		"awssm://" + arn + "#password":                            "p w",
		"awssm://" + strings.TrimSuffix(arn, "-DemoAr") + "#host": "h",
		"awssm:///rooted/name":                                    "rooted",
		"awssm://rds!cluster-1":                                   "managed",
		"awssm://pem":                                             "-----BEGIN X-----\nAAAA\n-----END X-----\n",
		"awssm://a@b+c":                                           "signs",
		"awssm://a%40b%2Bc":                                       "signs",
	} {
		snap, err := get(t, store, reference)
		if err != nil || snap.Reveal() != want {
			t.Errorf("%s: %q, %v", reference, snap.Reveal(), err)
		}
	}
	if snap := reads(t, opened(t, store, "awssm://prod/db#password"), "p w"); snap.User != "reader" || snap.Version != id+"#password" || !snap.Expires.IsZero() {
		t.Errorf("%v of %q", snap, snap.User)
	}
	for _, other := range []string{"awssm://prod/db#host", "awssm://prod/db"} {
		if snap, err := get(t, store, other); err != nil || snap.User != "" || !strings.HasPrefix(snap.Version, id) {
			t.Errorf("%s: %v of %q, %v", other, snap, snap.User, err)
		}
	}
}

func TestAReferenceThatCannotBeOneIsRefusedWhereItIsConfigured(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	for reference, says := range map[string]string{
		"awssm://":                            "1 to 512 letters",
		"awssm://#password":                   "1 to 512 letters",
		"awssm://a b":                         "1 to 512 letters",
		"awssm://a:b":                         "1 to 512 letters",
		"awssm://a%00":                        "1 to 512 letters",
		"awssm://" + strings.Repeat("a", 513): "1 to 512 letters",
		"awssm://a%zz":                        "percent-encoding",
		"awssm://a%ff":                        "UTF-8",
		"awssm://a#":                          "1 to 256 bytes",
		"awssm://a#b#c":                       "more than one #",
		"awssm://a#%0A":                       "control characters",
		"awssm://a#%":                         "percent-encoding",
		"awssm://a?":                          "neither stage nor version",
		"awssm://a?key=x":                     "neither stage nor version",
		"awssm://a?stage=":                    "1 to 256 characters",
		"awssm://a?stage=x%20y":               "1 to 256 characters",
		"awssm://a?stage=x&version=y":         "more than one parameter",
		"awssm://a?version=1":                 "32 to 64",
		"awssm://a?stage=AWSPENDING":          "not promoted yet",
		"awssm://a?stage=awsPending#b":        "not promoted yet",
		"awssm://a?stage=%41WSPENDING":        "not promoted yet",
		"awssm://arn:aws:s3:::bucket":         "the ARN is not of the form",
		"awssm://arn:aws:secretsmanager:us-east-1:1:secret:a":            "the ARN is not of the form",
		"awssm://arn:aws:secretsmanager:us-west-2:123456789012:secret:a": "us-west-2",
	} {
		_, err := secret.Resolver{"awssm": store.Open}.Resolve(t.Context(), reference)
		if !errors.Is(err, awssecret.ErrReference) || !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v", reference, err)
		}
		if pending := strings.Contains(says, "promoted"); err != nil && errors.Is(err, awssecret.ErrPending) != pending {
			t.Errorf("%s: %v", reference, err)
		}
	}
	if _, err := store.Open(t.Context(), "name"); !errors.Is(err, awssecret.ErrReference) {
		t.Error(err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests for what cannot be read", n)
	}
}

func TestAValueThatCannotBeASecretIsAnErrorThatSaysWhy(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	for _, test := range []struct {
		text, key string
		want      error
		says      string
	}{
		{"", "", secret.ErrEmpty, "nothing"},
		{"\n", "", secret.ErrEmpty, "nothing"},
		{"", "k", secret.ErrEmpty, "nothing"},
		{`{"k":""}`, "k", secret.ErrEmpty, "nothing"},
		{canary + "\n", "", secret.ErrMalformed, "trailing line break"},
		{`{"k":"` + canary + `\r\n"}`, "k", secret.ErrMalformed, "trailing line break"},
		{`{"k":"` + canary + `\u0000"}`, "k", secret.ErrMalformed, "NUL"},
		{`{"k":"` + canary + `\ud800"}`, "k", secret.ErrMalformed, "U+FFFD"},
		{canary + "\uFFFD", "", secret.ErrMalformed, "U+FFFD"},
		{canary + strings.Repeat("x", 64<<10-len(canary)+1), "", secret.ErrMalformed, "64 KiB"},
		{`{"host":"` + canary + `","port":1}`, "k", awssecret.ErrKey, "it has host, port"},
		{`{"K":"` + canary + `"}`, "k", awssecret.ErrKey, "it has K"},
		{`{"` + canary + ` or a value":"k","host":""}`, "k", awssecret.ErrKey, "it has host and 1 more"},
		{`{"` + strings.Repeat(canary, 9) + `":"k"}`, "k", awssecret.ErrKey, "it has 1 keys"},
		{`{"` + canary + `":"k","s3_bucket":"","key12":""}`, "k", awssecret.ErrKey, "it has key12, s3_bucket and 1 more"},
		{`{"` + strings.Repeat("x", 32) + `":"","` + strings.Repeat("y", 33) + `":""}`, "k", awssecret.ErrKey, "it has " + strings.Repeat("x", 32) + " and 1 more"},
		{`{"k":"` + canary + `"}}`, "k", awssecret.ErrKey, "not a JSON object"},
		{`{"k":"` + canary + `"}]`, "k", awssecret.ErrKey, "not a JSON object"},
		{canary, "k", awssecret.ErrKey, "not a JSON object"},
		{`"` + canary + `"`, "k", awssecret.ErrKey, "not a JSON object"},
		{`["` + canary + `"]`, "k", awssecret.ErrKey, "not a JSON object"},
		{`{"k":"` + canary + `"} ` + canary, "k", awssecret.ErrKey, "not a JSON object"},
		{`{"k":"` + canary, "k", awssecret.ErrKey, "not a JSON object"},
		{`{"k":` + canary + `}`, "k", awssecret.ErrKey, "not a JSON object"},
		{`{"k":null}`, "k", secret.ErrMalformed, "null"},
		{`{"k":{"a":"` + canary + `"}}`, "k", secret.ErrMalformed, "an object or a list"},
		{`{"k":["` + canary + `"]}`, "k", secret.ErrMalformed, "an object or a list"},
		{`{"k":"a","k":"` + canary + `"}`, "k", secret.ErrMalformed, "more than once"},
		{`{"password":"` + canary + `","username":"a\n"}`, "password", secret.ErrMalformed, "username"},
		{`{"password":"` + canary + `","username":"a","username":"b"}`, "password", secret.ErrMalformed, "username"},
	} {
		server.Put("app", test.text)
		reference := "awssm://app"
		if test.key != "" {
			reference += "#" + test.key
		}
		snap, err := get(t, store, reference)
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || !snap.IsZero() {
			t.Errorf("%.40q %s: %v, %v", test.text, test.key, snap, err)
			continue
		}
		clean(t, err, reference)
		if !errors.Is(err, secret.ErrUnresolved) && !errors.Is(err, secret.ErrEmpty) {
			t.Errorf("%v: a source would not know what it is", err)
		}
		if e, ok := errors.AsType[*awssecret.Error](err); !ok || e.Reference != reference {
			t.Errorf("%#v", e)
		}
	}
}

func TestABinarySecretIsNotRead(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	server.PutBinary("key", []byte(canary))
	for _, reference := range []string{"awssm://key", "awssm://key#a"} {
		_, err := get(t, store, reference)
		if !errors.Is(err, awssecret.ErrBinary) || !errors.Is(err, secret.ErrUnresolved) {
			t.Errorf("%s: %v", reference, err)
			continue
		}
		clean(t, err, reference)
	}
}

func TestAUserThatIsNoTextIsLeftOut(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	for _, user := range []string{`null`, `1`, `""`, `{}`} {
		server.Put("db", `{"password":"x","username":`+user+`}`)
		if snap, err := get(t, store, "awssm://db#password"); err != nil || snap.User != "" {
			t.Errorf("%s: %q, %v", user, snap.User, err)
		}
	}
}
