package mcp_test

import (
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/mcp"
)

func TestAServerIsToldTheVersionOfTheClient(t *testing.T) {
	t.Parallel()
	served := map[string]*sdk.Server{}
	_, url := serving(t, mcp.ServerConfig{Configure: func(name string, s *sdk.Server) { served[name] = s }}, newDemo())
	session, err := mcp.Dial(t.Context(), mcp.ClientConfig{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if _, err := session.Tools(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for one := range served[""].Sessions() {
		seen++
		if who := one.InitializeParams().ClientInfo; who.Name == "" || who.Version == "" {
			t.Errorf("%+v", who)
		}
	}
	if seen == 0 {
		t.Error("no session was made")
	}
}
