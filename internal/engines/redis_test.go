package engines_test

import (
	"testing"

	"github.com/fourkites/sources/internal/engines"
)

func TestRedisKeepsItsDataOverAStopAndLosesThemInACrash(t *testing.T) {
	t.Parallel()
	server := engines.Redis(t)
	says := func(want string, words ...string) {
		t.Helper()
		if got, err := server.Command(t.Context(), words...); err != nil || got != want {
			t.Errorf("%v: got %q, %v, want %q", words, got, err, want)
		}
	}
	says("+OK", "SET", "key", "value")
	server.Stop(t)
	server.Start(t)
	says(":1", "EXISTS", "key")
	says("+OK", "SET", "other", "value")
	server.Kill(t)
	server.Start(t)
	says(":0", "EXISTS", "other")
	server.Stop(t)
	server.Empty(t)
	server.Start(t)
	says(":0", "EXISTS", "key")
}
