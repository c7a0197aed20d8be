package github_test

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/github"
	planting "github.com/fourkites/sources/internal/canary"
)

// One server sees both, and either may stand in any of its answers.
func TestNeitherTheProofOfAnAppNorItsTokenShowsInAnError(t *testing.T) {
	t.Parallel()
	server, set := started(t), planting.New(t.Name())
	c := server.AppConfig()
	c.Limits = base.Limits{Retries: -1}
	client, err := github.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, r := range server.Requests() {
		if _, word, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
			shown = append(shown, set.Plant("a header", word))
		}
	}
	if len(shown) != 2 {
		t.Fatalf("%d texts were shown, want a proof and a token", len(shown))
	}
	server.Fail(fault.Error(500, "broken by "+strings.Join(shown, " and ")), -1)
	err = client.Ping(t.Context())
	if leaks := set.SweepValue("an error", err); err == nil || len(leaks) > 0 {
		t.Errorf("%v: %v", err, leaks)
	}
}
