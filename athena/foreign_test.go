package athena_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/rows"
)

// The names of the columns would be a row of data, where the columns are texts.
func TestTheNamesAreNoRowOfAQueryThatSelectsByAnotherWord(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("EXECUTE", athenatest.Reply{Columns: []athenatest.Column{{Name: "word", Type: "varchar"}}, Rows: [][]any{{"one"}, {"two"}}})
	other := sdk.NewFromConfig(aws.Config{
		Region: athenatest.Region, BaseEndpoint: aws.String(server.URL()),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: athenatest.AccessKey, SecretAccessKey: athenatest.SecretKey}, nil
		}),
	})
	out, err := other.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{
		QueryString: aws.String("EXECUTE prepared"), ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://" + athenatest.Bucket + "/x/")},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := clientOf(t, server).Results(t.Context(), *out.QueryExecutionId, athena.ResultsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows.Collect(answer, rows.To[string])
	if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
