package engines_test

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/engines"
)

func TestARealPostgresAnswersAndKeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	server := engines.Postgres(t)
	if got := server.Admin(t, "SHOW server_version"); !strings.HasPrefix(got, "15.") {
		t.Errorf("version %s", got)
	}
	server.Admin(t, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
	server.Restart(t)
	server.Kill(t)
	server.Start(t)
	if got := server.Admin(t, "SELECT id FROM kept"); got != "7" {
		t.Errorf("%q after a restart and a crash", got)
	}
	if _, err := server.Query(t.Context(), engines.PostgresReader, engines.PostgresReaderPassword, "INSERT INTO kept VALUES (8)"); err == nil {
		t.Error("the reader writes")
	}
	if _, err := server.Query(t.Context(), engines.PostgresWriter, engines.PostgresWriterPassword, "INSERT INTO kept VALUES (8)"); err != nil {
		t.Error(err)
	}
	if _, err := server.Query(t.Context(), engines.PostgresReader, "wrong", "SELECT 1"); err == nil {
		t.Error("a wrong password is let in")
	}
}
