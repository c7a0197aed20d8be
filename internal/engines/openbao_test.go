package engines_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/engines"
)

func TestARealOpenBaoIsSealedUnsealedAndRestarted(t *testing.T) {
	t.Parallel()
	server := engines.OpenBao(t)
	server.Write(t, "secret/data/app", map[string]any{"data": map[string]any{"password": "x"}})
	if data, _ := server.Read(t, "secret/data/app")["data"].(map[string]any); data["password"] != "x" {
		t.Errorf("%v", data)
	}
	server.Seal(t)
	if _, err := server.Ask(t.Context(), http.MethodGet, "secret/data/app", ""); err == nil || !strings.Contains(err.Error(), "Vault is sealed") {
		t.Errorf("sealed: %v", err)
	}
	server.Unseal(t)
	server.Read(t, "secret/data/app")
	server.Restart(t)
	if _, err := server.Ask(t.Context(), http.MethodGet, "secret/data/app", ""); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("after a restart: %v", err)
	}
	server.Kill(t)
	if _, err := server.Ask(context.Background(), http.MethodGet, "sys/health", ""); err == nil {
		t.Error("a server that was killed answers")
	}
	server.Start(t)
	server.Read(t, "sys/health")
}
