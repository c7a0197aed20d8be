package redshift_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// The tables that the typed methods read, with more columns than they know.
const (
	warehouseDDL = `CREATE SCHEMA platform; CREATE SCHEMA hadoop; CREATE SCHEMA pgs_company;`
	grantsDDL    = `
GRANT USAGE ON SCHEMA platform, hadoop, pgs_company TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public, platform, hadoop, pgs_company TO reader;
`
	tablesDDL = `
CREATE TABLE platform.fact_loads (load_id bigint, load_number varchar(256), display_load_number varchar(256), pro_number varchar(256),
  shipper_id varchar(256), carrier_id varchar(256), managing_carrier_id varchar(256), status varchar(64), created_at timestamp, terminated_at timestamp,
  delivered_at timestamp, first_ping_time timestamp, latest_check_call_time timestamp, load_mode varchar(32), modes varchar(64), relay_load boolean,
  reference_numbers varchar(4000), tags varchar(4000), is_deleted boolean, customer_name varchar(256), weight double precision);
CREATE TABLE platform.fact_stops (load_id bigint, stop_id bigint, stop_type varchar(32), stop_name varchar(256), sequence int, appointment_time timestamp,
  arrival_time timestamp, departure_time timestamp, status varchar(32), on_time boolean, delayed boolean, delay varchar(32), city varchar(64));
CREATE TABLE tracking_update_v3s (tracking_id bigint, status varchar(128), message varchar(4000), update_time timestamp, source varchar(64), created_at timestamp);
CREATE TABLE hadoop.load_validation_data_mart (load_id bigint, company_id varchar(256), company_name varchar(256), load_number varchar(256), status varchar(64),
  error varchar(4000), processed_at timestamp, carrier_id varchar(256), carrier_name varchar(256), file_name varchar(256), stop_count int, modes varchar(64),
  shipper_name varchar(256), origin_city varchar(64), dest_city varchar(64));
CREATE TABLE fact_carrier_file_logs (id varchar(64), s3_file_path varchar(256), file_format varchar(16), data_source varchar(32), data_type varchar(32), stage varchar(32), created_at timestamp);
CREATE TABLE fact_carrier_record_logs (file_id varchar(64), load_identifier_1 varchar(64), load_identifier_2 varchar(64), load_identifier_3 varchar(64), load_identifier_4 varchar(64), failure_reason varchar(256));
CREATE TABLE fact_load_file_logs (file_name varchar(256), s3_file_path varchar(256), created_at timestamp);
CREATE TABLE fact_load_file_records (file_name varchar(256), load_id bigint);
CREATE TABLE pgs_company.companies (id varchar(64), name varchar(256), permalink varchar(256), status varchar(32), active boolean, is_test_company boolean, industry varchar(64));
CREATE TABLE company_relationships (company_id varchar(256), target_company_id varchar(256), active boolean, status varchar(32), allow_tracking boolean,
  super_file_configurations varchar(4000), eld_enabled boolean, eld_provider varchar(64));
CREATE TABLE network_relationships (relationship_id varchar(64), shipper_id varchar(256), carrier_id varchar(256), status varchar(32), active boolean, allow_tracking boolean, created_at timestamp, updated_at timestamp);
CREATE TABLE load_states (load_id bigint, carrier_id varchar(256), current_state varchar(64), updated_at timestamp);
`
)

var recordTables = map[reflect.Type]string{
	reflect.TypeFor[redshift.Load](): "platform.fact_loads", reflect.TypeFor[redshift.Stop](): "platform.fact_stops",
	reflect.TypeFor[redshift.LoadEvent](): "tracking_update_v3s", reflect.TypeFor[redshift.ValidationAttempt](): "hadoop.load_validation_data_mart",
	reflect.TypeFor[redshift.CarrierFile](): "fact_carrier_file_logs", reflect.TypeFor[redshift.CarrierRecord](): "fact_carrier_record_logs",
	reflect.TypeFor[redshift.LoadFile](): "fact_load_file_logs", reflect.TypeFor[redshift.LoadFileRecord](): "fact_load_file_records",
	reflect.TypeFor[redshift.Company](): "pgs_company.companies", reflect.TypeFor[redshift.CompanyRelationship](): "company_relationships",
	reflect.TypeFor[redshift.NetworkRelationship](): "network_relationships", reflect.TypeFor[redshift.LoadState](): "load_states",
}

// warehouse is a client over the tables, and a way to fill them.
type warehouse struct {
	client *redshift.Client
	insert func(records ...any)
}

// eachWarehouse runs the test over the fake, and over the real server where engines may be started: there each test has
// its tables in a schema of its own.
func eachWarehouse(t *testing.T, test func(t *testing.T, w warehouse)) {
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		test(t, fakeWarehouse(t))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		server := engines.SharedPostgres(t)
		schema := fmt.Sprintf("w%d", schemas.Add(1))
		ddl := strings.NewReplacer("platform.", "", "hadoop.", "", "pgs_company.", "").Replace(tablesDDL)
		server.Admin(t, fmt.Sprintf("CREATE SCHEMA %[1]s; SET search_path TO %[1]s; %[2]s GRANT USAGE ON SCHEMA %[1]s TO reader", schema, ddl))
		cfg := realConfig(server, engines.PostgresReader, engines.PostgresReaderPassword)
		tables := reflect.ValueOf(&cfg.Tables).Elem()
		for i := range tables.NumField() {
			if field := tables.Field(i); field.Kind() == reflect.String {
				field.SetString(schema + "." + tableNames[tables.Type().Field(i).Name])
			}
		}
		test(t, warehouse{newClient(t, cfg), func(records ...any) {
			server.Admin(t, "SET search_path TO "+schema+";"+strings.NewReplacer("INTO platform.", "INTO ", "INTO hadoop.", "INTO ", "INTO pgs_company.", "INTO ").Replace(insertSQL(records...)))
		}})
	})
}

var schemas atomic.Int64

var tableNames = map[string]string{
	"Loads": "fact_loads", "Stops": "fact_stops", "Events": "tracking_update_v3s", "Validations": "load_validation_data_mart",
	"CarrierFiles": "fact_carrier_file_logs", "CarrierRecords": "fact_carrier_record_logs", "LoadFiles": "fact_load_file_logs",
	"LoadFileRecords": "fact_load_file_records", "Companies": "companies", "CompanyRelationships": "company_relationships",
	"NetworkRelationships": "network_relationships", "LoadStates": "load_states",
}

func fakeWarehouse(t *testing.T) warehouse {
	server := fake(t)
	return warehouse{newClient(t, server.Config()), server.Insert}
}

// ownWarehouse is a real server with the tables under their usual names.
func ownWarehouse(t *testing.T) warehouse {
	server := engines.Postgres(t)
	server.Admin(t, warehouseDDL+tablesDDL+grantsDDL)
	c := newClient(t, realConfig(server, engines.PostgresReader, engines.PostgresReaderPassword))
	return warehouse{c, func(records ...any) { server.Admin(t, insertSQL(records...)) }}
}

func fake(t *testing.T) *redshifttest.Server {
	t.Helper()
	server := redshifttest.NewServer()
	t.Cleanup(server.Close)
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	return server
}

// insertSQL writes records as INSERT statements; empty fields are NULL.
func insertSQL(records ...any) string {
	var b strings.Builder
	for _, record := range records {
		v := reflect.ValueOf(record)
		var names, values []string
		add := func(name string, value any) {
			names, values = append(names, name), append(values, literal(value))
		}
		for i := range v.NumField() {
			name, f := v.Type().Field(i).Tag.Get("db"), v.Field(i)
			switch {
			case name == ",extras":
				for _, key := range f.MapKeys() {
					add(key.String(), f.MapIndex(key).Interface())
				}
			case name == "-" || f.IsZero():
			case f.Kind() == reflect.Pointer:
				add(name, f.Elem().Interface())
			default:
				add(name, f.Interface())
			}
		}
		fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES (%s);\n", recordTables[v.Type()], strings.Join(names, ", "), strings.Join(values, ", "))
		if f, ok := record.(redshift.CarrierFile); ok {
			for _, r := range f.Records {
				b.WriteString(insertSQL(r))
			}
		}
	}
	return b.String()
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case time.Time:
		return "'" + v.UTC().Format("2006-01-02 15:04:05.999999") + "'"
	}
	return fmt.Sprint(v)
}

// columnsOf reads "name type" pairs.
func columnsOf(all ...string) (out []redshifttest.Column) {
	for _, one := range all {
		name, typ, _ := strings.Cut(one, " ")
		out = append(out, redshifttest.Column{Name: name, Type: typ})
	}
	return out
}
