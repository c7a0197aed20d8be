package llm_test

import (
	"testing"

	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

func started(t testing.TB) *llmtest.Server {
	t.Helper()
	s := llmtest.NewServer()
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func connected(t testing.TB, c llm.Config) *llm.Client {
	t.Helper()
	client, err := llm.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
