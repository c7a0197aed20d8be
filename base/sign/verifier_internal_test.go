package sign

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

func TestPreparedKeysAreBoundedAndEveryOtherKeyStillServes(t *testing.T) {
	t.Parallel()
	secret := ""
	key := func(context.Context) ([]byte, error) { return []byte(secret), nil }
	s, err := New(Config{AppID: "demo-app", Secret: key})
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(VerifierConfig{Replays: -1, Keys: func(ctx context.Context, _ string) ([][]byte, error) {
		one, err := key(ctx)
		return [][]byte{one}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxKeys + 10 {
		secret = fmt.Sprint("secret ", i)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://tracking.example.com/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Sign(req, nil); err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(req, nil); err != nil {
			t.Fatalf("key %d: %v", i, err)
		}
	}
	kept := 0
	v.keys.Range(func(any, any) bool { kept++; return true })
	if kept > maxKeys {
		t.Errorf("%d keys are kept", kept)
	}
}
