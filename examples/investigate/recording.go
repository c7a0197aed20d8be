package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/incident"
)

// recording is a case, or its baseline, as a client reads it.
type recording struct {
	incident.Case
	client *clickhouse.Client
	server *clickhousetest.Server // nil on a real server
}

// has reports whether the recording has a file of one of the kinds.
func (r *recording) has(kinds ...incident.Kind) bool {
	return slices.ContainsFunc(r.Files, func(f incident.File) bool { return slices.Contains(kinds, f.Kind) })
}

func (r *recording) close() {
	if r == nil {
		return
	}
	if r.client != nil {
		_ = r.client.Close()
	}
	if r.server != nil {
		r.server.Close()
	}
}

// recordings are the case and, where one was named, its baseline. They lie in separate stores, so that their windows may
// overlap.
type recordings struct {
	theCase, baseline *recording
	code              *caseCode  // nil where none lies beside the case
	real              *databases // nil without -clickhouse
}

// open reads the folders side by side and puts each into a store.
func (s settings) open(ctx context.Context, env map[string]string, p *progress) (*recordings, error) {
	var server clickhouse.Config
	if s.clickhouse != "" { // before the recording is read, which takes longer
		var err error
		if server, err = serverConfig(ctx, s.clickhouse, env); err != nil {
			return nil, command.UsageError{Err: err}
		}
	}
	r := &recordings{theCase: &recording{}}
	folders := map[string]*recording{s.caseDir: r.theCase}
	if s.baseline != "" {
		r.baseline = &recording{}
		folders[s.baseline] = r.baseline
	}
	if err := each(folders, func(dir string, one *recording) error { return one.read(ctx, dir, p) }); err != nil {
		return nil, err
	}
	var err error
	if s.clickhouse != "" {
		if r.real, err = openDatabases(ctx, server); err != nil {
			return nil, err
		}
	}
	if r.code, err = openCode(ctx, s.caseDir, p); err == nil {
		err = r.store(ctx, p)
	}
	if err != nil {
		return nil, errors.Join(err, r.close(ctx))
	}
	return r, nil
}

// each calls f for all entries side by side and joins what went wrong.
func each[K comparable, V any](all map[K]V, f func(K, V) error) error {
	var (
		mu       sync.Mutex
		problems []error
		running  sync.WaitGroup
	)
	for k, v := range all {
		running.Go(func() {
			if err := f(k, v); err != nil {
				mu.Lock()
				defer mu.Unlock()
				problems = append(problems, err)
			}
		})
	}
	running.Wait()
	return errors.Join(problems...)
}

func (r *recording) read(ctx context.Context, dir string, p *progress) error {
	c, err := incident.Read(ctx, dir)
	if err != nil {
		return err
	}
	r.Case = c
	p.Say("%s: read %d log records, %d spans, %d measurements", c.Name, len(c.Logs), len(c.Spans), len(c.Metrics))
	return nil
}

func (r *recordings) store(ctx context.Context, p *progress) error {
	roles := map[string]*recording{"clickhouse": r.theCase}
	if r.baseline != nil {
		roles["clickhouse-baseline"] = r.baseline
	}
	if r.real == nil {
		return each(roles, func(name string, one *recording) error { return one.serve(ctx, name) })
	}
	for name, one := range roles {
		if err := r.real.hold(ctx, name, one); err != nil {
			return err
		}
		p.Say("%s: stored on the server", one.Name)
	}
	return nil
}

// serve puts the recording into a server in process.
func (r *recording) serve(ctx context.Context, name string) (err error) {
	r.server = clickhousetest.NewServer()
	if err := r.server.Err(); err != nil {
		return fmt.Errorf("the server in process cannot listen: %w", err)
	}
	insert(ctx, r.Logs, r.server.Insert)
	insert(ctx, r.Spans, r.server.InsertSpans)
	insert(ctx, r.Metrics, r.server.InsertMetrics)
	r.client, err = clickhouse.New(ctx, clickhouse.Config{Name: name, Addresses: []string{r.server.Addr()}, MaxRows: -1, MaxBytes: -1})
	return err
}

// insert hands over what there is in blocks, as a collector does: what is made on the way to a row need not be kept for
// all rows at once.
func insert[T any](ctx context.Context, all []T, write func(...T)) {
	for block := range slices.Chunk(all, 4096) {
		if ctx.Err() != nil {
			return // the caller sees it
		}
		write(block...)
	}
}

// hold puts the recording into a database of its own on the real server.
func (d *databases) hold(ctx context.Context, name string, r *recording) error {
	role := "case"
	if name != "clickhouse" {
		role = "baseline"
	}
	into, err := d.add(ctx, role)
	if err != nil {
		return err
	}
	if err := d.fill(ctx, into, r.Case); err != nil {
		return err
	}
	into.config.Name = name
	r.client, err = clickhouse.New(ctx, into.config)
	return err
}

// close ends the clients and servers, and drops the databases.
func (r *recordings) close(ctx context.Context) error {
	r.theCase.close()
	r.baseline.close()
	r.code.close()
	if r.real == nil {
		return nil
	}
	return r.real.drop(ctx)
}

// notSeen is what the recordings lack, the baseline's marked as such.
func (r *recordings) notSeen() []string {
	all := r.theCase.NotSeen()
	if r.baseline != nil {
		for _, text := range r.baseline.NotSeen() {
			all = append(all, "baseline: "+text)
		}
	}
	return all
}
