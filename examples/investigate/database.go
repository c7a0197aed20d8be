package main

import (
	"context"
	"crypto/rand"
	_ "embed" // tables.sql
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/incident"
)

//go:embed tables.sql
var tablesSQL string

// dropTimeout bounds the cleaning up, which happens also when the program was interrupted.
const dropTimeout = 15 * time.Second

// database is one of our own on a real server.
type database struct {
	name   string
	config clickhouse.Config // for reading what is in it
}

// databases makes and drops databases on a real server.
type databases struct {
	admin *clickhouse.Client
	base  clickhouse.Config
	made  []string
}

// serverConfig is what the variables say of the server at the address.
func serverConfig(ctx context.Context, address string, env map[string]string) (clickhouse.Config, error) {
	vars := map[string]string{"CLICKHOUSE_ADDRESSES": address}
	for _, name := range []string{"CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD", "CLICKHOUSE_SECURE", "CLICKHOUSE_CA_FILE"} {
		if v := env[name]; v != "" {
			vars[name] = v
		}
	}
	config, err := clickhouse.ConfigFromEnv(ctx, base.EnvMap(vars))
	if err != nil {
		return config, err
	}
	config.Addresses, config.Database, config.MaxRows, config.MaxBytes = []string{address}, "default", -1, -1
	return config, config.Validate()
}

// openDatabases connects with an account that may create databases.
func openDatabases(ctx context.Context, config clickhouse.Config) (*databases, error) {
	writing := config
	writing.AllowWrites = true
	admin, err := clickhouse.New(ctx, writing)
	if err != nil {
		return nil, err
	}
	if err := admin.Ping(ctx); err != nil {
		_ = admin.Close()
		return nil, fmt.Errorf("-clickhouse %s: %w", config.Addresses[0], err)
	}
	return &databases{admin: admin, base: config}, nil
}

// add makes a database with the tables of logs, spans and metrics in it.
func (d *databases) add(ctx context.Context, role string) (database, error) {
	name := "investigate_" + role + "_" + strings.ToLower(rand.Text()[:12])
	d.made = append(d.made, name) // before it is there: whether a call that failed made it is not known
	if err := d.create(ctx, name); err != nil {
		return database{}, err
	}
	for statement := range strings.SplitSeq(tablesSQL, ";") {
		sql := strings.ReplaceAll(strings.TrimSpace(statement), "{database}", name)
		if err := d.admin.Exec(ctx, clickhouse.Statement{SQL: sql}); err != nil {
			return database{}, err
		}
	}
	config := d.base
	config.Tables = tablesIn(name)
	return database{name, config}, nil
}

// create is not cut short by an interrupt: one that the server finished only after the DROP would stay for ever.
func (d *databases) create(ctx context.Context, name string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	return d.admin.Exec(ctx, clickhouse.Statement{SQL: "CREATE DATABASE " + name})
}

// tablesIn names every table that a client might read, so that none of another database is ever looked at.
func tablesIn(name string) clickhouse.Tables {
	at := func(table string) string { return name + "." + table }
	return clickhouse.Tables{
		Logs: at("logs"), LogResources: at("log_resources"), LogValues: at("log_values"),
		Spans: at("spans"), SpanResources: at("span_resources"), SpanValues: at("span_values"),
		TraceSummary: at("trace_summary"), Exceptions: at("exceptions"), Dependencies: at("dependencies"),
		TopOperations: at("top_operations"), FieldKeys: at("field_keys"), Samples: at("samples"), TimeSeries: at("time_series"),
	}
}

// fill writes a case into the database, in blocks.
func (d *databases) fill(ctx context.Context, into database, c incident.Case) error {
	for _, t := range tableRows(c) {
		for from := 0; from < len(t.rows); from += blockRows {
			block := t.rows[from:min(from+blockRows, len(t.rows))]
			if err := d.admin.Insert(ctx, into.name+"."+t.name, t.columns, block); err != nil {
				return err
			}
		}
	}
	return nil
}

// blockRows is how many rows one INSERT carries.
const blockRows = 20_000

// drop removes every database that was made, even when the context has ended. The error names those that may be left.
func (d *databases) drop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	var left []string
	var first error
	for _, name := range d.made {
		if err := d.admin.Exec(ctx, clickhouse.Statement{SQL: "DROP DATABASE IF EXISTS " + name}); err != nil {
			left = append(left, "DROP DATABASE IF EXISTS "+name)
			first = err
		}
	}
	_ = d.admin.Close()
	if first != nil {
		return fmt.Errorf("could not clean up: %w; run on the server: %s", first, strings.Join(left, "; "))
	}
	return nil
}
