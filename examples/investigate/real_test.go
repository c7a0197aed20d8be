package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/engines"
)

// databasesOn lists what was not there when the server was new.
func databasesOn(t *testing.T, server *engines.Server) string {
	t.Helper()
	return server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, "SELECT name FROM system.databases WHERE name LIKE 'investigate%'")
}

func TestARealServerGivesTheSameReportAndKeepsNothing(t *testing.T) {
	server := engines.ClickHouse(t)
	healthy, ill := caseFolder(t, -3600, 120, -1), caseFolder(t, 0, 120, 60)
	env := map[string]string{"CLICKHOUSE_USER": engines.UserAdmin, "CLICKHOUSE_PASSWORD": engines.PasswordAdmin}
	var stdout, stderr bytes.Buffer
	args := []string{"-case", ill, "-baseline", healthy, "-format", "json"}
	if code := run(t.Context(), append(args, "-clickhouse", server.Addr), env, &stdout, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	real, fake := decode(t, stdout.String()), decode(t, try(t, t.Context(), args...).stdout)
	if len(real.Causes) == 0 || real.Causes[0].Service != fake.Causes[0].Service || len(real.Evidence) != len(fake.Evidence) {
		t.Errorf("real %+v\nfake %+v", real.Causes, fake.Causes)
	}
	if left := databasesOn(t, server); left != "" {
		t.Errorf("left on the server: %s", left)
	}
}

func TestNothingStaysOnARealServerAfterAnInterrupt(t *testing.T) {
	server := engines.ClickHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stderr := writerFunc(func(text []byte) {
		if strings.Contains(string(text), "stored on the server") {
			cancel()
		}
	})
	var stdout bytes.Buffer
	args := []string{"-case", caseFolder(t, 0, 60, 30), "-clickhouse", server.Addr}
	if code := run(ctx, args, nil, &stdout, stderr); code != 1 || stdout.Len() > 0 {
		t.Errorf("exit %d, %q", code, stdout.String())
	}
	if left := databasesOn(t, server); left != "" {
		t.Errorf("left on the server: %s", left)
	}
}

type writerFunc func([]byte)

// Write hands the text over.
func (f writerFunc) Write(text []byte) (int, error) {
	f(text)
	return len(text), nil
}
