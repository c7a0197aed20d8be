package athenatest_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/fault"
)

func get(t *testing.T, s *athenatest.Server, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	t.Helper()
	if in.Bucket == nil {
		in.Bucket = aws.String(athenatest.Bucket)
	}
	out, err := objects(s).GetObject(t.Context(), in)
	if err == nil {
		t.Cleanup(func() { _ = out.Body.Close() })
	}
	return out, err
}

// status is that of the answer behind an error; 0 for none.
func status(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}

func TestAnObjectIsReadInPartsWhileItStaysTheSame(t *testing.T) {
	t.Parallel()
	s, key := newServer(t), aws.String("a b/ü.csv")
	s.PutObject(athenatest.Bucket, *key, []byte("0123456789"))
	head, err := objects(s).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(athenatest.Bucket), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{
		"bytes=2-4": "bytes 2-4/10", "bytes=8-": "bytes 8-9/10", "bytes=-3": "bytes 7-9/10", "bytes=5-99": "bytes 5-9/10",
	} {
		out, err := get(t, s, &s3.GetObjectInput{Key: key, Range: &part, IfMatch: head.ETag})
		if err != nil {
			t.Fatal(part, err)
		}
		if got := aws.ToString(out.ContentRange); got != want {
			t.Errorf("%s gave %s", part, got)
		}
	}
	if _, err = get(t, s, &s3.GetObjectInput{Key: key, Range: aws.String("bytes=10-12")}); code(err) != "InvalidRange" || status(err) != 416 {
		t.Errorf("behind the end: %v", err)
	}
	s.PutObject(athenatest.Bucket, *key, []byte("9876543210"))
	if _, err = get(t, s, &s3.GetObjectInput{Key: key, IfMatch: head.ETag}); code(err) != "PreconditionFailed" || status(err) != 412 {
		t.Errorf("another object under the same key: %v", err)
	}
}

func TestS3RefusesByItsOwnCodes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddBucketOf("999999999999", "of-another")
	s.AddBucket("closed")
	s.DenyBucket("closed", true)
	key := aws.String("x")
	for _, c := range []struct {
		in     *s3.GetObjectInput
		code   string
		status int
	}{
		{&s3.GetObjectInput{Key: key}, "NoSuchKey", http.StatusNotFound},
		{&s3.GetObjectInput{Key: key, Bucket: aws.String("nobody-has-it")}, "NoSuchBucket", http.StatusNotFound},
		{&s3.GetObjectInput{Key: key, Bucket: aws.String("closed")}, "AccessDenied", http.StatusForbidden},
		{&s3.GetObjectInput{Key: key, Bucket: aws.String("of-another"), ExpectedBucketOwner: aws.String(athenatest.Account)}, "AccessDenied", http.StatusForbidden},
	} {
		if _, err := get(t, s, c.in); code(err) != c.code || status(err) != c.status {
			t.Errorf("%s: %v", c.code, err)
		}
	}
	s.FailObjects(fault.Status(http.StatusServiceUnavailable), 1)
	if _, err := get(t, s, &s3.GetObjectInput{Key: key}); code(err) != "SlowDown" {
		t.Errorf("503: %v", err)
	}
	_, err := objects(s).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(athenatest.Bucket), Key: key})
	if status(err) != http.StatusNotFound {
		t.Errorf("HEAD of nothing: %v", err)
	}
}

func TestAResultLiesBesideItsMetadata(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(s)
	with := start(t, c, started("SELECT 1", ""))
	_ = execution(t, c, with)
	s.OmitMetadata(true)
	without := start(t, c, started("SELECT 1", ""))
	plain := start(t, c, started("/* why */ SHOW TABLES", ""))
	want := []string{"results/" + with + ".csv", "results/" + with + ".csv.metadata", "results/" + without + ".csv", "results/" + plain + ".txt"}
	slices.Sort(want)
	if got := s.Objects(athenatest.Bucket); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := string(s.Object(athenatest.Bucket, "results/"+plain+".txt")); got != "callbacks_v2\nload_files\nlogs\nvw_location_processing_flow\n" {
		t.Errorf("the tables are\n%s", got)
	}
	s.DeleteObject(athenatest.Bucket, "results/"+with+".csv")
	if s.Object(athenatest.Bucket, "results/"+with+".csv") != nil {
		t.Error("an object outlives its end")
	}
}

func TestAQueryThatMayNotWriteFails(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddBucket("sealed")
	s.SealBucket("sealed", true)
	c, in := client(s), started("SELECT 1", "")
	in.ResultConfiguration.OutputLocation = aws.String("s3://sealed/")
	if e := execution(t, c, start(t, c, in)); e.Status.State != types.QueryExecutionStateFailed {
		t.Errorf("%v", e.Status.State)
	}
	for _, location := range []string{"s3://nobody-has-it/", "file:///tmp"} {
		in = started("SELECT 1", "")
		in.ResultConfiguration.OutputLocation = &location
		if _, err := c.StartQueryExecution(t.Context(), in); code(err) != "InvalidRequestException" {
			t.Errorf("%s: %v", location, err)
		}
	}
	in = started("SELECT 1", "")
	in.ResultConfiguration.ExpectedBucketOwner = aws.String("999999999999")
	if _, err := c.StartQueryExecution(t.Context(), in); code(err) != "InvalidRequestException" {
		t.Errorf("a bucket of another: %v", err)
	}
}

// Three errors of S3 have the status 403: a test that plans it must always meet the same one.
func TestAStatusOfS3IsAlwaysTheSameError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.PutObject(athenatest.Bucket, "a.csv", []byte("a"))
	for plan, want := range map[int]string{403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed", 503: "SlowDown", 500: "InternalError", 418: "InternalError"} {
		for range 20 {
			s.FailObjects(fault.Status(plan), 1)
			if _, err := get(t, s, &s3.GetObjectInput{Key: aws.String("a.csv")}); code(err) != want || status(err) != plan {
				t.Fatalf("%d: %v", plan, err)
			}
		}
	}
}
