package main

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/evidence/warehouse"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/trino"
)

// The variables that show that a source is meant to be asked, by how they begin.
var (
	apiVariables      = []string{"FK_API_", "TRACKING_API_BASE_URL"}
	redshiftVariables = []string{"REDSHIFT_"}
	trinoVariables    = []string{"TRINO_"}
)

// clients are real clients, of the servers in process or of those that the environment names. What was not made is nil.
type clients struct {
	tracking *fkapi.TrackingClient
	redshift *redshift.Client
	trino    *trino.Client
}

// configs are the settings of those clients that are to be made.
type configs struct {
	tracking *fkapi.Config
	redshift *redshift.Config
	trino    *trino.Config
}

// clientsFromEnv makes clients of the sources that the environment names. Every missing or wrong variable is reported at
// once.
func clientsFromEnv(ctx context.Context, env map[string]string) (*clients, error) {
	var c configs
	var problems []error
	if command.AnyOf(env, apiVariables) {
		config, err := fkapi.ConfigFromEnv(ctx, base.EnvMap(env))
		c.tracking, problems = &config, append(problems, err)
	}
	if command.AnyOf(env, redshiftVariables) {
		config, err := redshift.ConfigFromEnv(ctx, base.EnvMap(env))
		c.redshift, problems = &config, append(problems, err)
	}
	if command.AnyOf(env, trinoVariables) {
		config, err := trino.ConfigFromEnv(ctx, base.EnvMap(env))
		c.trino, problems = &config, append(problems, err)
	}
	if c.tracking == nil && c.redshift == nil && c.trino == nil {
		return nil, errors.New("-load needs a source; set REDSHIFT_HOST, REDSHIFT_DB, REDSHIFT_USER and REDSHIFT_PASSWORD, or " +
			"TRINO_HOST, TRINO_USER and TRINO_PASSWORD, or FK_API_APP_ID, FK_API_SECRET and TRACKING_API_BASE_URL, or all of them")
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return c.clients(ctx)
}

// clients makes those that are set. Every problem is reported at once.
func (c configs) clients(ctx context.Context) (*clients, error) {
	var made clients
	var problems [3]error
	if c.tracking != nil {
		made.tracking, problems[0] = fkapi.NewTracking(ctx, *c.tracking)
	}
	if c.redshift != nil {
		made.redshift, problems[1] = redshift.New(ctx, *c.redshift)
	}
	if c.trino != nil {
		made.trino, problems[2] = trino.New(ctx, *c.trino)
	}
	if err := errors.Join(problems[:]...); err != nil {
		made.close()
		return nil, err
	}
	return &made, nil
}

func (c *clients) close() {
	if c.tracking != nil {
		_ = c.tracking.Close()
	}
	if c.redshift != nil {
		_ = c.redshift.Close()
	}
	if c.trino != nil {
		_ = c.trino.Close()
	}
}

// loads are the sources of what the load is, the best first.
func (c *clients) loads() []evidence.LoadSource {
	var all []evidence.LoadSource
	if c.tracking != nil {
		all = append(all, c.tracking)
	}
	if c.redshift != nil {
		all = append(all, warehouse.Loads(c.redshift), warehouse.Validations(c.redshift))
	}
	return all
}
