package awschain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/awschain"
)

func TestAKeyIsIdSecretAndToken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]aws.Credentials{
		"id:word":       {AccessKeyID: "id", SecretAccessKey: "word"},
		"id:word:to:ke": {AccessKeyID: "id", SecretAccessKey: "word", SessionToken: "to:ke"},
		"id":            {}, "id:": {}, ":word": {}, "::token": {},
	} {
		key, err := awschain.NewKey(t.Context(), secret.Literal(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.Retrieve(t.Context())
		if errors.Is(err, awschain.ErrKey) != (want.AccessKeyID == "") || got.AccessKeyID != want.AccessKeyID || got.SecretAccessKey != want.SecretAccessKey || got.SessionToken != want.SessionToken {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if err := key.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAKeyThatWasRefusedIsNotHandedOutAgain(t *testing.T) {
	t.Parallel()
	text := "old:word"
	key, err := awschain.NewKey(t.Context(), secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.NewSnapshot(text, text, time.Time{}), nil
	})), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = key.Close() }()
	id := func() string {
		t.Helper()
		got, err := key.Retrieve(t.Context())
		if err != nil {
			t.Error(err)
		}
		return got.AccessKeyID
	}
	proof := &awschain.Proof{}
	if _, err := key.Retrieve(awschain.Signing(t.Context(), proof)); err != nil {
		t.Fatal(err)
	}
	text = "new:word"
	key.Refused(proof, base.KindThrottled, errors.New("throttled"))
	key.Refused(proof, base.KindUnauthenticated, &awschain.Error{Skew: time.Hour})
	key.Refused(proof, base.KindUnauthenticated, nil)
	if got := id(); got != "old" {
		t.Errorf("key %s, and nobody has refused the old one", got)
	}
	key.Refused(proof, base.KindUnauthenticated, errors.New("unknown key"))
	if got := id(); got != "new" {
		t.Errorf("key %s", got)
	}
	var none *awschain.Key
	none.Refused(proof, base.KindUnauthenticated, errors.New("of the chain"))
	if err := none.Close(); err != nil {
		t.Error(err)
	}
	if key, err := awschain.NewKey(t.Context(), secret.Value{}, nil); key != nil || err != nil {
		t.Errorf("%v, %v", key, err)
	}
}
