package canarysweep_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // most of the time is spent waiting for faults
		panic(err)
	}
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
	all := subjects()
	for turn, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(name)
			all[name](t, w).sweep(t, w, turn)
			w.verdict(t)
			t.Log(w.set.Tally())
		})
	}
}
