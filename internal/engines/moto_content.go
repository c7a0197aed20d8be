package engines

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
)

// MotoResult is what one query answers. Values are texts as Athena writes them; nil is NULL.
type MotoResult struct {
	Columns [][2]string // name and type of each
	Rows    [][]any
}

type motoDatum struct {
	VarCharValue any `json:",omitempty"`
}

type motoRow struct{ Data []motoDatum }

// rows are the rows with that of the names before them, as a SELECT has it.
func (r MotoResult) rows() []motoRow {
	names := motoRow{}
	for _, c := range r.Columns {
		names.Data = append(names.Data, motoDatum{c[0]})
	}
	all := []motoRow{names}
	for _, values := range r.Rows {
		row := motoRow{}
		for _, v := range values {
			row.Data = append(row.Data, motoDatum{v})
		}
		all = append(all, row)
	}
	return all
}

func (r MotoResult) columns() []map[string]any {
	var all []map[string]any
	for _, c := range r.Columns {
		all = append(all, map[string]any{
			"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": c[0], "Label": c[0], "Type": c[1],
			"Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": false,
		})
	}
	return all
}

// SeedResults has the queries that begin from now on answer these, in this order, each once; without any left a query
// answers no row at all. The file of a result is written when its query is seen to have succeeded.
func (s *MotoServer) SeedResults(t testing.TB, results ...MotoResult) {
	t.Helper()
	var all []map[string]any
	for _, r := range results {
		all = append(all, map[string]any{"rows": r.rows(), "column_info": r.columns()})
	}
	s.control(t, "/moto-api/static/athena/query-results", map[string]any{
		"account_id": MotoAccount, "region": MotoRegion, "results": all,
	})
}

// SetTransition has the queries that begin from now on pass through QUEUED, seen once less than so often, and RUNNING, seen
// so often, before they have SUCCEEDED. Zero has them succeed at once, as at the start.
func (s *MotoServer) SetTransition(t testing.TB, times int) {
	t.Helper()
	const model = "athena::execution"
	if times == 0 {
		s.control(t, "/moto-api/state-manager/unset-transition", map[string]any{"model_name": model})
		return
	}
	s.control(t, "/moto-api/state-manager/set-transition", map[string]any{
		"model_name": model, "transition": map[string]any{"progression": "manual", "times": times},
	})
}

// DenyAfter has every request after the next n refused with 403, whatever its key. A negative n lets all of them in again.
func (s *MotoServer) DenyAfter(t testing.TB, n int) {
	t.Helper()
	count := "inf"
	if n >= 0 {
		count = strconv.Itoa(n)
	}
	s.must(t, http.MethodPost, "/moto-api/reset-auth", []byte(count))
}

// Reset forgets everything: objects, buckets, queries, results, and what was said of transitions.
func (s *MotoServer) Reset(t testing.TB) {
	t.Helper()
	s.must(t, http.MethodPost, "/moto-api/reset", nil)
	s.SetTransition(t, 0)
}

// CreateBucket makes a bucket of [MotoAccount].
func (s *MotoServer) CreateBucket(t testing.TB, name string) {
	t.Helper()
	s.must(t, http.MethodPut, "/"+url.PathEscape(name), nil)
}

// PutObject puts an object into a bucket, or another in its place.
func (s *MotoServer) PutObject(t testing.TB, bucket, key string, body []byte) {
	t.Helper()
	s.must(t, http.MethodPut, object(bucket, key), body)
}

// Object is the content of an object. One that is not there fails the test.
func (s *MotoServer) Object(t testing.TB, bucket, key string) []byte {
	t.Helper()
	return s.must(t, http.MethodGet, object(bucket, key), nil)
}

const motoSigned = "AWS4-HMAC-SHA256 Credential=demo/20250101/" + MotoRegion + "/s3/aws4_request, SignedHeaders=host, Signature=demo"

func object(bucket, key string) string {
	return (&url.URL{Path: "/" + bucket + "/" + key}).EscapedPath()
}

func (s *MotoServer) control(t testing.TB, path string, value any) {
	t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	s.must(t, http.MethodPost, path, body)
}

func (s *MotoServer) must(t testing.TB, method, path string, body []byte) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), queryTimeout) // cleanups ask too
	defer cancel()
	answer, err := s.send(ctx, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// send asks the server outside of the client under test.
func (s *MotoServer) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", motoSigned) // any one will do; without one an object is private
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Body.Close() }()
	answer, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	if a.StatusCode/100 != 2 {
		return nil, fmt.Errorf("moto: %s %s: %s\n%s", method, path, a.Status, tail(answer))
	}
	return answer, nil
}
