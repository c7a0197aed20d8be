package athenatest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/athena/athenatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newServer(t *testing.T) *athenatest.Server {
	t.Helper()
	s := athenatest.NewServer()
	t.Cleanup(s.Close)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func keys(access, secret, token string) aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: access, SecretAccessKey: secret, SessionToken: token}, nil
	}
}

// plain hides that the body of a request of smithy-go can write itself: once an answer is there, which a server beside the
// client may give while net/http still looks for the end of that body, it reports io.EOF as an error, and net/http cuts the
// connection under the answer.
type plain struct{ next http.RoundTripper }

func (p plain) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.next.RoundTrip(r)
}

func exchange() *http.Client { return &http.Client{Transport: plain{&http.Transport{}}} }

// client is AWS's own, without its retries.
func client(s *athenatest.Server) *athena.Client {
	return clientBy(s, keys(athenatest.AccessKey, athenatest.SecretKey, ""))
}

func clientBy(s *athenatest.Server, by aws.CredentialsProvider) *athena.Client {
	return athena.New(athena.Options{
		BaseEndpoint: aws.String(s.URL()), Region: athenatest.Region, Credentials: by, Retryer: aws.NopRetryer{}, HTTPClient: exchange(),
	})
}

func objects(s *athenatest.Server) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.S3URL()), Region: athenatest.Region, UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: keys(athenatest.AccessKey, athenatest.SecretKey, ""), HTTPClient: exchange(),
	})
}

func started(sql, token string) *athena.StartQueryExecutionInput {
	in := &athena.StartQueryExecutionInput{
		QueryString:         aws.String(sql),
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://" + athenatest.Bucket + "/results/")},
	}
	if token != "" {
		in.ClientRequestToken = aws.String(fmt.Sprintf("%032s", token))
	}
	return in
}

func start(t *testing.T, c *athena.Client, in *athena.StartQueryExecutionInput) string {
	t.Helper()
	out, err := c.StartQueryExecution(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.QueryExecutionId)
}

func execution(t *testing.T, c *athena.Client, id string) *types.QueryExecution {
	t.Helper()
	out, err := c.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueryExecution
}

// table is all rows of a result, page by page; a NULL is the text NULL.
func table(t *testing.T, c *athena.Client, id string, page int32) (rows [][]string, pages int) {
	t.Helper()
	in := &athena.GetQueryResultsInput{QueryExecutionId: &id}
	if page > 0 {
		in.MaxResults = &page
	}
	for p := athena.NewGetQueryResultsPaginator(c, in); p.HasMorePages(); pages++ {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.ResultSet.Rows {
			var row []string
			for _, d := range r.Data {
				text := "NULL"
				if d.VarCharValue != nil {
					text = *d.VarCharValue
				}
				row = append(row, text)
			}
			rows = append(rows, row)
		}
	}
	return rows, pages
}

// file is the object at a location, or a part of it.
func file(t *testing.T, s *athenatest.Server, location, part string) string {
	t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if part != "" {
		in.Range = &part
	}
	out, err := objects(s).GetObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// code is that of an error of AWS.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}
