package engines_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/fourkites/sources/internal/engines"
)

func TestARealNeo4jAnswersAndKeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	for version, start := range map[string]func(testing.TB, ...string) *engines.Neo4jServer{
		"5.26.": engines.Neo4j, "2026.": engines.Neo4jNext,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			tryNeo4j(t, start(t), version)
		})
	}
}

func tryNeo4j(t *testing.T, server *engines.Neo4jServer, version string) {
	t.Helper()
	components := server.Admin(t, "CALL dbms.components() YIELD versions RETURN versions[0]")
	if got, _ := components[0][0].(string); !strings.HasPrefix(got, version) {
		t.Errorf("version %s", got)
	}
	server.Admin(t, "CREATE (:Kept {id: 7})")
	server.ChangePassword(t, "another-of-the-test")
	if _, err := server.Query(t.Context(), engines.Neo4jUser, engines.Neo4jPassword, "RETURN 1", nil); err == nil {
		t.Error("the old password is let in")
	}
	server.Restart(t)
	server.Kill(t)
	server.Start(t)
	records, err := server.Query(t.Context(), engines.Neo4jUser, "another-of-the-test",
		"MATCH (k:Kept) WHERE k.id = $id RETURN k.id", map[string]any{"id": 7})
	if err != nil || len(records) != 1 || records[0][0] != int64(7) {
		t.Errorf("%v, %v after a restart and a crash", records, err)
	}
	if err := verify(t.Context(), server, trusting(t, server.CAFile)); err != nil {
		t.Errorf("over TLS: %v", err)
	}
	if err := verify(t.Context(), server, x509.NewCertPool()); err == nil {
		t.Error("a certificate that nobody signed is trusted")
	}
}

func trusting(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s: no certificate, %v", file, err)
	}
	return pool
}

func verify(ctx context.Context, server *engines.Neo4jServer, roots *x509.CertPool) error {
	driver, err := neo4j.NewDriverWithContext("bolt+s://"+server.Addr, neo4j.BasicAuth(engines.Neo4jUser, server.Password, ""),
		func(c *config.Config) {
			c.TlsConfig, c.MaxTransactionRetryTime = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, 0
		})
	if err != nil {
		return err
	}
	defer func() { _ = driver.Close(context.WithoutCancel(ctx)) }()
	return driver.VerifyConnectivity(ctx)
}
