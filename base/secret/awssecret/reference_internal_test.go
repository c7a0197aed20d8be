package awssecret

import (
	"net/url"
	"strings"
	"testing"
)

// written is the reference anew, all of it encoded.
func (r reference) written() string {
	text := "awssm://" + url.PathEscape(r.secret)
	switch {
	case r.id != "":
		text += "?version=" + url.PathEscape(r.id)
	default:
		text += "?stage=" + url.PathEscape(r.stage)
	}
	if r.key != "" {
		text += "#" + url.PathEscape(r.key)
	}
	return text
}

func FuzzReference(f *testing.F) {
	for _, text := range []string{
		"", "awssm://", "awssm://prod/db", "awssm://prod/db#password", "awssm://a?stage=AWSPREVIOUS#k", "awssm://a?version=00000001-0000-4000-8000-000000000001",
		"awssm://arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf#password", "awssm://a%2Fb#%23", "awssm://a?stage=AWSPENDING", "x://a#b?c",
		"awssm://a%ff", "awssm://a?stage=%41WSPENDING&version=1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parse(text)
		if err != nil {
			return
		}
		if r.secret == "" || len(r.secret) > maxARN || strings.ContainsAny(r.secret, "?# %\x00") {
			t.Errorf("%q names the secret %q", text, r.secret)
		}
		if (r.stage == "") == (r.id == "") || strings.EqualFold(r.stage, pending) {
			t.Errorf("%q asks for stage %q and version %q", text, r.stage, r.id)
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
	for _, text := range []string{`{"password":"x","username":"y"}`, "{}", `{"password":1}`, "", "x\n", `{"password":"\ud800"}`, `{"a":{}}`, "{\"password\":\"\xff\"}"} {
		f.Add(text, "password")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		r := reference{text: "awssm://a", key: key, stage: current}
		snap, err := r.snapshot(&answer{id: "1", text: &text})
		if (err == nil) == snap.IsZero() {
			t.Errorf("%v and %v", snap, err)
		}
	})
}

func TestWhatARotationTriesOutIsNeverServed(t *testing.T) {
	t.Parallel()
	byStage, byID := reference{stage: current}, reference{id: strings.Repeat("1", 36)}
	for _, test := range []struct {
		of     reference
		stages []string
		want   bool
	}{
		{byStage, []string{current}, false},
		{byStage, []string{pending, current}, false},
		{byStage, []string{pending}, true},
		{byStage, []string{pending, previous}, true},
		{byStage, nil, false},
		{reference{stage: "blue"}, []string{pending, "blue"}, false},
		{reference{stage: "blue"}, []string{pending}, true},
		{byID, []string{pending}, true},
		{byID, []string{pending, "blue"}, true},
		{byID, []string{pending, current}, false},
		{byID, []string{previous, pending}, false},
		{byID, nil, false},
	} {
		if got := test.of.unpromoted(test.stages); got != test.want {
			t.Errorf("%+v with %v: %v", test.of, test.stages, got)
		}
	}
}
