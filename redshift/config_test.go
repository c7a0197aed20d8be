package redshift_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
)

func TestConfigFromEnvReadsEveryVariable(t *testing.T) {
	t.Parallel()
	c, err := redshift.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"REDSHIFT_HOST": "r.example.com", "REDSHIFT_PORT": "5440", "REDSHIFT_DATABASE": "dw", "REDSHIFT_USER": "u", "REDSHIFT_PASSWORD": "p",
		"REDSHIFT_CLUSTER_ID": "", "REDSHIFT_CONCURRENCY": "7", "REDSHIFT_TIMEOUT": "30s", "REDSHIFT_MAX_ROWS": "12",
		"REDSHIFT_SCHEMAS": "a,b", "REDSHIFT_PLAIN_TRANSACTIONS": "true", "REDSHIFT_PLAINTEXT": "false", "REDSHIFT_SERVER_NAME": "s",
	}))
	if err != nil || c.Host != "r.example.com" || c.Port != 5440 || c.Database != "dw" || c.User != "u" || c.Password.IsZero() ||
		c.Limits.Concurrency != 7 || c.Limits.Timeout.D() != 30*time.Second || c.MaxRows != 12 || len(c.Schemas) != 2 || !c.PlainTransactions || c.ServerName != "s" {
		t.Errorf("%+v %v", c, err)
	}
	c, err = redshift.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"REDSHIFT_HOST": "r.example.com", "REDSHIFT_DATABASE": "dw", "REDSHIFT_WORKGROUP": "wg", "REDSHIFT_REGION": "eu-west-1",
	}))
	if err != nil || c.IAM.Workgroup != "wg" || c.IAM.Region != "eu-west-1" {
		t.Errorf("%+v %v", c.IAM, err)
	}
	_, err = redshift.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"REDSHIFT_PORT": "hunter2", "REDSHIFT_TIMEOUT": "soon"}))
	if err == nil || !strings.Contains(err.Error(), "REDSHIFT_PORT") || !strings.Contains(err.Error(), "REDSHIFT_TIMEOUT") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	c, err = redshift.ConfigFromEnv(t.Context(), base.EnvPrefix("SECOND_"), base.EnvMap(map[string]string{
		"SECOND_REDSHIFT_HOST": "a b", "SECOND_REDSHIFT_PORT": "99999", "SECOND_REDSHIFT_CERT_FILE": "x", "SECOND_REDSHIFT_REGION": "r",
		"SECOND_REDSHIFT_SCHEMAS": `a,b"`, "SECOND_REDSHIFT_TIMEOUT": "-5s",
	}))
	if diff := cmp.Diff(redshift.Config{}, c, cmpopts.IgnoreUnexported(redshift.Config{}, secret.Value{})); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"HOST", "PORT", "DB", "USER", "CERT_FILE", "KEY_FILE", "REGION", "SCHEMAS"} {
		if !strings.Contains(fmt.Sprint(err), "SECOND_REDSHIFT_"+name+": ") {
			t.Errorf("%s is missing in %v", name, err)
		}
	}
}

func TestWhatIsWrongInTheEnvironmentIsSaidOfVariables(t *testing.T) {
	t.Parallel()
	right := map[string]string{"REDSHIFT_HOST": "h", "REDSHIFT_DB": "dw", "REDSHIFT_USER": "u"}
	for _, test := range []struct {
		env  map[string]string // beside what is right
		want string            // the whole of it
	}{
		{map[string]string{"REDSHIFT_PASSWORD": "p", "REDSHIFT_CLUSTER_ID": "c"}, "REDSHIFT_PASSWORD: set beside REDSHIFT_CLUSTER_ID or REDSHIFT_WORKGROUP; leave one out"},
		{map[string]string{"REDSHIFT_WORKGROUP": "w", "REDSHIFT_CLUSTER_ID": "c"}, "REDSHIFT_WORKGROUP: set beside REDSHIFT_CLUSTER_ID; leave one out"},
		{map[string]string{"REDSHIFT_HOST": "127.0.0.1:5439", "REDSHIFT_PLAINTEXT": "1"}, "REDSHIFT_HOST: it holds a port; write that in REDSHIFT_PORT"},
		{map[string]string{"REDSHIFT_USER": ""}, "REDSHIFT_USER: missing; set it, or for IAM REDSHIFT_CLUSTER_ID or REDSHIFT_WORKGROUP"},
		{map[string]string{"REDSHIFT_USER": "u:hunter2"}, "REDSHIFT_USER: it holds a colon; write the name alone, and the password in REDSHIFT_PASSWORD"},
		{map[string]string{"REDSHIFT_REGION": "r"}, "REDSHIFT_REGION: neither REDSHIFT_CLUSTER_ID nor REDSHIFT_WORKGROUP is set, so it would do nothing"},
		{map[string]string{"REDSHIFT_TIMEOUT": "-5s"}, "REDSHIFT_TIMEOUT: negative; write how long a call may take, such as 30s"},
	} {
		env := maps.Clone(right)
		maps.Copy(env, test.env)
		_, err := redshift.ConfigFromEnv(t.Context(), base.EnvMap(env))
		one, ok := errors.AsType[*base.EnvError](err)
		if want := "redshift: ConfigFromEnv: invalid: " + test.want; base.KindOf(err) != base.KindInvalid || !ok || err.Error() != want || one.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, list := range []string{"a b", "a,,b", "c.d.e", "a.", "a,"} {
		env := maps.Clone(right)
		env["REDSHIFT_SCHEMAS"] = list
		if _, err := redshift.ConfigFromEnv(t.Context(), base.EnvMap(env)); err == nil || !strings.Contains(err.Error(), "REDSHIFT_SCHEMAS: empty, or with a space") {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestNewReportsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	for part, cfg := range map[string]redshift.Config{
		"host":        {},
		"database":    {Host: "h", User: "u"},
		"user":        {Host: "h", Database: "d"},
		"port":        {Host: "h", Database: "d", User: "u", Port: 70000},
		"host: it is": {Host: "[::1", Database: "d", User: "u"},
		"host: it h":  {Host: "[::1]:5439", Database: "d", User: "u"},
		"host: it":    {Host: "postgres://u:hunter2@h", Database: "d", User: "u"},
		"password":    {Host: "h", Database: "d", Password: secret.Literal("hunter2"), IAM: redshift.IAM{ClusterID: "c"}},
		"iam":         {Host: "h", Database: "d", User: "u", IAM: redshift.IAM{Region: "x"}},
		"workgroup":   {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Workgroup: "w"}},
		"duration":    {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Duration: base.Duration(time.Minute)}},
		"endpoint":    {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Endpoint: "ftp://u:hunter2@x"}},
		"machine":     {Host: "warehouse.example.com", Database: "d", User: "u", Plaintext: true, Password: secret.Literal("hunter2")},
		"on this":     {Host: "10.0.0.1", Database: "d", User: "u", Plaintext: true},
		"https":       {Host: "h", Database: "d", IAM: redshift.IAM{ClusterID: "c", Endpoint: "http://aws.example.com"}},
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
	for _, host := range []string{"localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"} {
		if err := (redshift.Config{Host: host, Plaintext: true}).Validate(); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := redshift.New(context.Background(), redshift.Config{Host: "h", Database: "d", User: "u"}, base.WithTransport(nil)); err == nil {
		t.Error("an option that does nothing is accepted")
	}
}

func TestAPasswordInTheWrongPlaceIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]redshift.Config{
		"user: it holds a colon":       {Host: "h", Database: "d", User: "reader:hunter2"},
		"user: it holds a colon; w":    {Host: "h", Database: "d", User: "IAM:reader:hunter2"},
		"database: it holds ?, / or =": {Host: "h", Database: "dw?password=hunter2", User: "u"},
		"database: it holds ":          {Host: "h", Database: "dw/hunter2", User: "u"},
		"database: it holds ?":         {Host: "h", Database: "password=hunter2", User: "u"},
	} {
		_, err := redshift.New(t.Context(), cfg)
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), want) || strings.Contains(fmt.Sprintf("%+v", err), "hunter2") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, user := range []string{"reader", "IAM:reader", "IAMR:role", "IAMA:reader"} {
		if err := (redshift.Config{User: user}).Validate(); err != nil {
			t.Errorf("%s: %v", user, err)
		}
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
	dir := t.TempDir()
	services := filepath.Join(dir, "services.conf")
	text := "[evil]\nhost=evil.example.com\npassword=hunter2\nsslmode=verify-full\nuser=other\noptions=-c x=y\npool_max_conns=1\n"
	if err := os.WriteFile(services, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, service := range map[string][2]string{"none": {}, "of no name": {"missing", services}, "of no file": {"evil", "/no/such/file"}, "evil": {"evil", services}} {
		t.Run("service "+name, func(t *testing.T) {
			t.Setenv("PGSERVICE", service[0])
			t.Setenv("PGSERVICEFILE", service[1])
			t.Setenv("TMPDIR", dir)
			server := fake(t)
			if err := newClient(t, server.Config()).Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r := server.Requests()[0]; r.User != "reader" || r.Database != "platform_shared_db" || r.Settings["timezone"] != "UTC" {
				t.Errorf("%+v", r)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("files stay: %v %v", left, err)
			}
		})
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

func TestAnAddressMayStandInBrackets(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"[::1]", "::1"} {
		var dialed atomic.Value
		c := newClient(t, redshift.Config{Host: host, Port: 1, Database: "d", User: "u", Plaintext: true, Limits: base.Limits{Retries: -1}},
			base.WithDialer(func(_ context.Context, _, address string) (net.Conn, error) {
				dialed.Store(address)
				return nil, syscall.ECONNREFUSED
			}))
		if err := c.Ping(t.Context()); err == nil || dialed.Load() != "[::1]:1" {
			t.Errorf("%s: dialed %v, %v", host, dialed.Load(), err)
		}
	}
}

// A condition that is left out gives another answer than the one that was asked for.
func TestNoConditionVanishesWithItsColumn(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	client := func(columns ...string) *redshift.Client {
		cfg := server.Config()
		cfg.Tables.Columns = map[string]string{}
		for _, name := range columns {
			cfg.Tables.Columns[name] = "-"
		}
		return newClient(t, cfg)
	}
	ctx := t.Context()
	loads := func(q redshift.LoadsQuery) func(*redshift.Client) error {
		return func(c *redshift.Client) error { _, err := c.FindLoads(ctx, q); return err }
	}
	attempts := func(q redshift.AttemptsQuery) func(*redshift.Client) error {
		return func(c *redshift.Client) error { _, err := c.ValidationAttempts(ctx, q); return err }
	}
	for _, test := range []struct {
		columns []string
		ask     func(*redshift.Client) error
	}{
		{[]string{"loads.shipper_id"}, loads(redshift.LoadsQuery{IDs: []string{"7"}, Shipper: "s"})},
		{[]string{"loads.carrier_id"}, loads(redshift.LoadsQuery{IDs: []string{"7"}, Carrier: "s"})},
		{[]string{"loads.load_number", "loads.display_load_number", "loads.pro_number"}, loads(redshift.LoadsQuery{IDs: []string{"7"}, Numbers: []string{"LN-7"}})},
		{[]string{"validations.company_id"}, attempts(redshift.AttemptsQuery{TrackingID: "7", Company: "x"})},
		{[]string{"validations.load_id"}, attempts(redshift.AttemptsQuery{TrackingID: "7", LoadNumber: "LN-7"})},
		{[]string{"validations.load_number"}, attempts(redshift.AttemptsQuery{LoadNumber: "LN-7"})},
		{[]string{"events.status"}, func(c *redshift.Client) error {
			_, err := c.LoadEventsPage(ctx, redshift.EventsQuery{TrackingID: "7", Window: day, Statuses: []string{"x"}}, "")
			return err
		}},
		{
			[]string{"carrier_records.load_identifier_1", "carrier_records.load_identifier_2", "carrier_records.load_identifier_3", "carrier_records.load_identifier_4"},
			func(c *redshift.Client) error {
				_, err := c.CarrierFiles(ctx, redshift.CarrierFilesQuery{Identifiers: []string{"LN-7"}})
				return err
			},
		},
	} {
		column := strings.Split(test.columns[0], ".")[1]
		if err := test.ask(client(test.columns...)); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), column) {
			t.Errorf("without %v: %v", test.columns, err)
		}
		if err := test.ask(client()); err != nil {
			t.Errorf("with all columns: %v", err)
		}
	}
	c := client("loads.is_deleted", "loads.pro_number", "companies.active", "companies.status")
	found, err := c.FindLoads(ctx, redshift.LoadsQuery{Numbers: []string{"LN-7"}})
	if err != nil || len(found.Items) != 1 || !strings.Contains(strings.Join(found.Stats.Notes, ";"), "is_deleted") {
		t.Errorf("%+v %v", found, err)
	}
	var stats base.Stats
	if _, err := c.FindCompanies(base.WithStats(ctx, &stats), redshift.CompaniesQuery{Words: "acme"}); err != nil ||
		!strings.Contains(strings.Join(stats.Notes, ";"), "active") || !strings.Contains(strings.Join(stats.Notes, ";"), "status") {
		t.Errorf("%+v %v", stats, err)
	}
}
