package canarysweep_test

import (
	"fmt"
	"maps"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	total.mu.Lock()
	defer total.mu.Unlock()
	fmt.Println(total.all) // for who reads the log of a build
	os.Exit(code)
}

func subjects() map[string]func(*testing.T, *world) *subject {
	all := databases()
	maps.Copy(all, services())
	return all
}

func TestNoSecretOfAClientShowsInAnythingThatItSays(t *testing.T) {
	t.Parallel()
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(name)
			open(t, w).sweep(t, w)
			w.verdict(t)
			t.Log(w.set.Tally())
		})
	}
}
