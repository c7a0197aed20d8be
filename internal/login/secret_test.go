package login_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
)

func TestAnAccountWithoutASecretHasNone(t *testing.T) {
	t.Parallel()
	s, err := login.New(t.Context(), secret.Value{}, nil)
	if err != nil || !s.Empty() {
		t.Fatalf("empty %v, %v", s.Empty(), err)
	}
	s.Refuse("")
	s.Refuse("7")
	if snap, err := s.Get(t.Context()); !errors.Is(err, secret.ErrEmpty) || !snap.IsZero() {
		t.Errorf("Get: %v", err)
	}
	if err := s.Refresh(t.Context()); !errors.Is(err, secret.ErrEmpty) {
		t.Errorf("Refresh: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestALiteralThatWasRefusedIsNotShownAgain(t *testing.T) {
	t.Parallel()
	s, err := login.New(t.Context(), secret.Literal("pass"), nil)
	if err != nil || s.Empty() {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	snap, err := s.Get(t.Context())
	if err != nil || snap.Reveal() != "pass" {
		t.Fatal(err)
	}
	s.Refuse("") // says nothing of any version
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatalf("nothing was refused: %v", err)
	}
	s.Refuse(snap.Version)
	if _, err := s.Get(t.Context()); !errors.Is(err, secret.ErrRefused) {
		t.Errorf("Get of a refused literal: %v", err)
	}
	if err := s.Refresh(t.Context()); !errors.Is(err, secret.ErrRefused) {
		t.Errorf("Refresh of a refused literal: %v", err)
	}
}

func TestARefusedVersionMakesRoomForTheNext(t *testing.T) {
	t.Parallel()
	var n int
	s := login.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		n++
		return secret.NewSnapshot("pass"+strconv.Itoa(n), "", time.Time{}), nil
	}), secret.CacheConfig{Poll: -1})
	t.Cleanup(func() { _ = s.Close() })
	first, err := s.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Refuse(first.Version)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next, err := s.Get(t.Context()); err != nil || next.Reveal() != "pass2" {
		t.Errorf("after a refusal: version %s, %v", next.Version, err)
	}
}

func TestTheLastEightTextsAreRemembered(t *testing.T) {
	t.Parallel()
	var s login.Secret
	for i := range 10 {
		s.Remember(strconv.Itoa(i), strconv.Itoa(i))
	}
	s.Remember("9")
	given := s.Secrets()
	if diff := cmp.Diff([]string{"2", "3", "4", "5", "6", "7", "8", "9"}, given); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	given[0] = "changed by the caller"
	if s.Secrets()[0] != "2" {
		t.Error("a caller changes what is remembered")
	}
}

func TestAReferenceThatNobodyResolvesIsRefused(t *testing.T) {
	t.Parallel()
	var v secret.Value
	if err := v.UnmarshalText([]byte("vault://some/where")); err != nil {
		t.Fatal(err)
	}
	if _, err := login.New(t.Context(), v, nil); err == nil {
		t.Error("a reference without a resolver was taken")
	}
}
