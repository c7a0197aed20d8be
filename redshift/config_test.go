package redshift_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
)

func TestConfigFromEnvReadsEveryVariable(t *testing.T) {
	t.Parallel()
	c, err := redshift.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"REDSHIFT_HOST": "r.example.com", "REDSHIFT_PORT": "5440", "REDSHIFT_DATABASE": "dw", "REDSHIFT_USER": "u", "REDSHIFT_PASSWORD": "p",
		"REDSHIFT_CLUSTER_ID": "", "REDSHIFT_REGION": "eu-west-1", "REDSHIFT_CONCURRENCY": "7", "REDSHIFT_TIMEOUT": "30s", "REDSHIFT_MAX_ROWS": "12",
		"REDSHIFT_SCHEMAS": "a,b", "REDSHIFT_PLAIN_TRANSACTIONS": "true", "REDSHIFT_PLAINTEXT": "false", "REDSHIFT_SERVER_NAME": "s",
	}))
	if err != nil || c.Host != "r.example.com" || c.Port != 5440 || c.Database != "dw" || c.User != "u" || c.Password.IsZero() || c.IAM.Region != "eu-west-1" ||
		c.Limits.Concurrency != 7 || c.Limits.Timeout.D() != 30*time.Second || c.MaxRows != 12 || len(c.Schemas) != 2 || !c.PlainTransactions || c.ServerName != "s" {
		t.Errorf("%+v %v", c, err)
	}
	_, err = redshift.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"REDSHIFT_PORT": "hunter2", "REDSHIFT_TIMEOUT": "soon"}))
	if err == nil || !strings.Contains(err.Error(), "REDSHIFT_PORT") || !strings.Contains(err.Error(), "REDSHIFT_TIMEOUT") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestNewReportsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	for part, cfg := range map[string]redshift.Config{
		"host":        {},
		"database":    {Host: "h", User: "u"},
		"user":        {Host: "h", Database: "d"},
		"port":        {Host: "h", Database: "d", User: "u", Port: 70000},
		"host: it":    {Host: "postgres://u:hunter2@h", Database: "d", User: "u"},
		"password":    {Host: "h", Database: "d", Password: secret.Literal("hunter2"), IAM: redshift.IAM{ClusterID: "c"}},
		"iam":         {Host: "h", Database: "d", User: "u", IAM: redshift.IAM{Region: "x"}},
		"workgroup":   {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Workgroup: "w"}},
		"duration":    {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Duration: base.Duration(time.Minute)}},
		"endpoint":    {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Endpoint: "ftp://u:hunter2@x"}},
		"plaintext":   {Host: "h", Database: "d", User: "u", Plaintext: true, CAFile: "x"},
		"key_file":    {Host: "h", Database: "d", User: "u", CertFile: "x"},
		"ca_file":     {Host: "h", Database: "d", User: "u", CAFile: "/no/such/file"},
		"tables.load": {Host: "h", Database: "d", User: "u", Tables: redshift.Tables{Loads: "a;b"}},
		"columns":     {Host: "h", Database: "d", User: "u", Tables: redshift.Tables{Columns: map[string]string{"loads.nothing": "x"}}},
		"without":     {Host: "h", Database: "d", User: "u", Tables: redshift.Tables{Columns: map[string]string{"loads.load_id": "-"}}},
		"schemas[0]":  {Host: "h", Database: "d", User: "u", Schemas: []string{"a\"b"}},
	} {
		_, err := redshift.New(context.Background(), cfg)
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), part) || strings.Contains(fmt.Sprintf("%+v", err), "hunter2") {
			t.Errorf("%s: %v", part, err)
		}
	}
	if _, err := redshift.New(context.Background(), redshift.Config{Host: "h", Database: "d", User: "u"}, base.WithTransport(nil)); err == nil {
		t.Error("an option that does nothing is accepted")
	}
}

func TestTheDriverTakesNothingFromTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"PGPASSWORD": "hunter2", "PGUSER": "other", "PGDATABASE": "other", "PGHOST": "other.example.com", "PGSSLMODE": "verify-full", "PGOPTIONS": "-c x=y",
		"PGAPPNAME": "other", "PGTZ": "Asia/Tokyo", "PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "none", "PGCHANNELBINDING": "require", "PGSSLROOTCERT": "/no/such/file",
		"PGCONNECT_TIMEOUT": "x",
	} {
		t.Setenv(name, value)
	}
	server := fake(t)
	c := newClient(t, server.Config())
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := server.Requests()[0]; r.User != "reader" || r.Database != "platform_shared_db" || r.Settings["timezone"] != "UTC" {
		t.Errorf("%+v", r)
	}
}

func TestColumnsAreRenamedByConfig(t *testing.T) {
	t.Parallel()
	server := fake(t)
	cfg := server.Config()
	cfg.Tables = redshift.Tables{Loads: "dw.shipments", Columns: map[string]string{"loads.load_id": "shipment_id", "loads.load_number": "Number", "loads.is_deleted": "-", "loads.pro_number": "-"}}
	c := newClient(t, cfg)
	server.Create("dw.shipments", columnsOf("shipment_id bigint", "number varchar", "display_load_number varchar", "is_deleted varchar", "created_at timestamp"),
		[]any{5, "N5", nil, "x", noon})
	l, err := c.Load(t.Context(), "5")
	if err != nil || l.ID != "5" || l.LoadNumber != "N5" || l.Extras["other.is_deleted"] != "x" || !l.CreatedAt.Equal(noon) {
		t.Errorf("%+v %v", l, err)
	}
	if found, err := c.FindLoads(t.Context(), redshift.LoadsQuery{Numbers: []string{"N5"}}); err != nil || len(found.Items) != 1 {
		t.Error(found, err)
	}
}
