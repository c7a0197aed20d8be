package evidence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/internal/trinosql"
)

// archiveHome is where the table of logs is.
var archiveHome = trinosql.Session{Catalog: "AwsDataCatalog", Schema: "raw_data_db"}

// athenaStand stands before a moto, which runs no SQL and knows no tables: it runs the statement of each query over the table
// of logs, has moto answer the rows, and hands the request on. It describes the table itself. All else is moto's: ids,
// states, results and their files.
type athenaStand struct {
	t       *testing.T
	moto    *engines.MotoServer
	forward *httputil.ReverseProxy
	mu      sync.Mutex // a query gets the result that was seeded last
	engine  *trinosql.Engine
	asked   []string
}

// realArchive is a client of an Athena that keeps the records.
func realArchive(t *testing.T, written []logs.Record) (*athena.Client, *athenaStand) {
	t.Helper()
	a := &athenaStand{t: t, moto: engines.SharedMoto(t), engine: trinosql.NewEngine(nil)}
	const bucket = "evidence-results"
	a.moto.CreateBucket(t, bucket)
	a.engine.DefineHistory(archiveHome)
	for _, r := range written {
		a.engine.Add(archiveHome, trinosql.LogsTable, nil, trinosql.LogRow(r))
	}
	target, err := url.Parse(a.moto.URL)
	if err != nil {
		t.Fatal(err)
	}
	a.forward = httputil.NewSingleHostReverseProxy(target)
	a.forward.ErrorLog = log.New(io.Discard, "", 0) // of clients that left
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	client, err := athena.New(t.Context(), athena.Config{
		Region: engines.MotoRegion, Endpoint: server.URL, S3Endpoint: a.moto.URL, OutputLocation: "s3://" + bucket + "/out/", Proxy: "none",
		Key: secret.Literal("demo:demo"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, a
}

func TestRealAthenaAloneKeepsHistory(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	written := keptLogs(now)
	second, _ := realArchive(t, older(written, now, historyBegins))
	stores, _ := fakeStores(t, now, written)
	checkStores(t, logStores{stores.live, []logs.Source{second}}, now, written)
}

// ServeHTTP answers one request to Athena.
func (a *athenaStand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonAthena.GetTableMetadata":
		a.describe(w)
		return
	case "AmazonAthena.StartQueryExecution":
		a.mu.Lock()
		defer a.mu.Unlock() // until moto has begun the query
		result, err := a.run(body)
		if err != nil {
			a.t.Error(err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		a.moto.SeedResults(a.t, result)
		// Also where the client has left: else the next query would get what was seeded for this one.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		defer cancel()
		r = r.WithContext(ctx)
	}
	a.forward.ServeHTTP(w, r)
}

// run is what the statement of a request answers.
func (a *athenaStand) run(body []byte) (engines.MotoResult, error) {
	var in struct {
		QueryString         string
		ExecutionParameters []string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return engines.MotoResult{}, err
	}
	a.asked = append(a.asked, in.QueryString)
	sql, bad := trinosql.Bind(in.QueryString, in.ExecutionParameters)
	var found trinosql.Result
	if bad == nil {
		found, bad = a.engine.Execute(archiveHome, sql)
	}
	if bad != nil {
		return engines.MotoResult{}, fmt.Errorf("%s: %s: %s", bad.Name, bad.Message, in.QueryString)
	}
	var out engines.MotoResult
	for _, c := range found.Columns {
		out.Columns = append(out.Columns, [2]string{c.Name, c.Type})
	}
	for _, values := range found.Rows {
		row := make([]any, len(values))
		for i, v := range values {
			if v != nil {
				row[i] = fmt.Sprint(v) // whole numbers and texts, of which alone the answers consist
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// describe is the table of logs in the words of Glue.
func (a *athenaStand) describe(w http.ResponseWriter) {
	column := func(name, typ string) map[string]string { return map[string]string{"Name": name, "Type": typ} }
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{"TableMetadata": map[string]any{
		"Name": trinosql.LogsTable, "TableType": "EXTERNAL_TABLE", "PartitionKeys": []any{column("datestr", "string")}, "Columns": []any{
			column("timestamp", "bigint"), column("id", "string"), column("trace_id", "string"), column("span_id", "string"),
			column("severity_text", "string"), column("severity_number", "int"), column("body", "string"),
			column("attributes_string", "map<string,string>"), column("attributes_number", "map<string,double>"),
			column("attributes_bool", "map<string,boolean>"), column("resources_string", "map<string,string>"),
		},
	}}) // who asks sees an answer that was cut
}

// queries is how many were begun.
func (a *athenaStand) queries() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}
