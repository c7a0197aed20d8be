package engines_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/engines"
)

func anyKey() aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "demo", SecretAccessKey: "demo"}, nil
	}
}

func motoAthena(s *engines.MotoServer) *athena.Client {
	return athena.New(athena.Options{
		BaseEndpoint: &s.URL, Region: engines.MotoRegion, Credentials: anyKey(), Retryer: aws.NopRetryer{},
	})
}

func motoS3(s *engines.MotoServer) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &s.URL, Region: engines.MotoRegion, UsePathStyle: true, Credentials: anyKey(), Retryer: aws.NopRetryer{},
	})
}

func motoStart(t *testing.T, s *engines.MotoServer) *string {
	t.Helper()
	out, err := motoAthena(s).StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{
		QueryString: aws.String("SELECT 1"), ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/out/")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueryExecutionId
}

func motoState(t *testing.T, s *engines.MotoServer, id *string) *types.QueryExecution {
	t.Helper()
	out, err := motoAthena(s).GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: id})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueryExecution
}

func TestARealMotoAnswersWhatWasSeeded(t *testing.T) {
	t.Parallel()
	server := engines.Moto(t)
	server.CreateBucket(t, "results")
	server.SeedResults(t, engines.MotoResult{
		Columns: [][2]string{{"name", "varchar"}, {"loads", "bigint"}}, Rows: [][]any{{"swift", "12"}, {nil, "3"}},
	})
	id := motoStart(t, server)
	e := motoState(t, server, id)
	if e.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatal(e.Status.State)
	}
	page, err := motoAthena(server).GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: id})
	if err != nil {
		t.Fatal(err)
	}
	if rows := page.ResultSet.Rows; len(rows) != 3 || aws.ToString(rows[1].Data[0].VarCharValue) != "swift" || rows[2].Data[0].VarCharValue != nil {
		t.Errorf("%d rows", len(rows))
	}
	key, ok := strings.CutPrefix(aws.ToString(e.ResultConfiguration.OutputLocation), "s3://results/")
	if got := string(server.Object(t, "results", key)); !ok || !strings.Contains(got, `"swift","12"`) {
		t.Errorf("the file %s holds\n%s", key, got)
	}
}

func TestARealMotoPassesThroughStatesAndForgets(t *testing.T) {
	t.Parallel()
	server := engines.Moto(t)
	server.CreateBucket(t, "results")
	server.SetTransition(t, 2)
	id := motoStart(t, server)
	var states []types.QueryExecutionState
	for range 4 {
		states = append(states, motoState(t, server, id).Status.State)
	}
	if diff := cmp.Diff([]types.QueryExecutionState{"QUEUED", "RUNNING", "RUNNING", "SUCCEEDED"}, states); diff != "" {
		t.Error(diff)
	}
	server.Reset(t)
	server.CreateBucket(t, "results")
	if state := motoState(t, server, motoStart(t, server)).Status.State; state != types.QueryExecutionStateSucceeded {
		t.Error(state)
	}
}

func TestARealMotoRefusesAndComesBack(t *testing.T) {
	t.Parallel()
	server := engines.Moto(t)
	server.CreateBucket(t, "results")
	server.PutObject(t, "results", "a b.csv", []byte("x"))
	if got := string(server.Object(t, "results", "a b.csv")); got != "x" {
		t.Errorf("the object holds %q", got)
	}
	in := &s3.GetObjectInput{Bucket: aws.String("results"), Key: aws.String("a b.csv")}
	server.DenyAfter(t, 0)
	_, err := motoS3(server).GetObject(t.Context(), in)
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || e.HTTPStatusCode() != 403 {
		t.Errorf("a key that nobody knows: %v", err)
	}
	server.DenyAfter(t, -1)
	out, err := motoS3(server).GetObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	_ = out.Body.Close()
	server.Kill(t)
	if _, err := motoS3(server).GetObject(t.Context(), in); err == nil {
		t.Error("a dead server answers")
	}
	server.Start(t)
	server.Restart(t)
	_, err = motoS3(server).GetObject(t.Context(), in)
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || e.HTTPStatusCode() != 404 {
		t.Errorf("an object outlives a restart: %v", err)
	}
}
