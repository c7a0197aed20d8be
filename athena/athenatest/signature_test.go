package athenatest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fourkites/sources/athena/athenatest"
)

func TestOnlySignedRequestsAreLetIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetKey("DEMOSESSION", "another-secret", "token-of-the-session")
	s.SetKey("DEMOEXPIRED", "another-secret", "")
	s.ExpireKey("DEMOEXPIRED")
	for _, c := range []struct {
		name, athena, s3 string
		by               aws.CredentialsProvider
	}{
		{"right", "", "", keys(athenatest.AccessKey, athenatest.SecretKey, "")},
		{"session", "", "", keys("DEMOSESSION", "another-secret", "token-of-the-session")},
		{"wrong token", "UnrecognizedClientException", "InvalidAccessKeyId", keys("DEMOSESSION", "another-secret", "wrong")},
		{"unknown key", "UnrecognizedClientException", "InvalidAccessKeyId", keys("NOBODY", "x", "")},
		{"wrong secret", "InvalidSignatureException", "SignatureDoesNotMatch", keys(athenatest.AccessKey, "wrong", "")},
		{"expired", "ExpiredTokenException", "ExpiredToken", keys("DEMOEXPIRED", "another-secret", "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := clientBy(s, c.by).GetWorkGroup(t.Context(), &athena.GetWorkGroupInput{WorkGroup: aws.String("primary")})
			if got := code(err); err != nil && got != c.athena || err == nil && c.athena != "" {
				t.Errorf("Athena says %v", err)
			}
			s.PutObject(athenatest.Bucket, "x", []byte("x"))
			store := objects(s)
			_, err = store.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(athenatest.Bucket), Key: aws.String("x")},
				func(o *s3.Options) { o.Credentials = c.by })
			if got := code(err); err != nil && got != c.s3 || err == nil && c.s3 != "" {
				t.Errorf("S3 says %v", err)
			}
		})
	}
}

func TestAClockThatIsWrongIsToldTheTime(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
		s := newServer(t)
		s.SetSkew(skew)
		in := &athena.GetWorkGroupInput{WorkGroup: aws.String("primary")}
		if _, err := client(s).GetWorkGroup(t.Context(), in); code(err) != "InvalidSignatureException" {
			t.Errorf("%v: %v", skew, err)
		}
		key := &s3.GetObjectInput{Bucket: aws.String(athenatest.Bucket), Key: aws.String("x")}
		if _, err := objects(s).GetObject(t.Context(), key); code(err) != "NoSuchKey" {
			t.Errorf("%v at S3, which allows 15 minutes: %v", skew, err)
		}
		s.SetSkew(3 * skew)
		if _, err := objects(s).GetObject(t.Context(), key); code(err) != "RequestTimeTooSkewed" {
			t.Errorf("%v at S3: %v", 3*skew, err)
		}
	}
}

func TestAClientThatReadsTheDateCorrectsItsClock(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetSkew(time.Hour)
	c := athena.New(athena.Options{
		BaseEndpoint: aws.String(s.URL()), Region: athenatest.Region, Credentials: keys(athenatest.AccessKey, athenatest.SecretKey, ""),
	})
	if _, err := c.GetWorkGroup(t.Context(), &athena.GetWorkGroupInput{WorkGroup: aws.String("primary")}); err != nil {
		t.Error(err)
	}
	if n := len(s.Requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestWhatIsNotSignedIsNotLetIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.PutObject(athenatest.Bucket, "x", []byte("x"))
	for url, want := range map[string]int{s.URL(): http.StatusBadRequest, s.S3URL() + "/" + athenatest.Bucket + "/x": http.StatusForbidden} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = a.Body.Close(); a.StatusCode != want {
			t.Errorf("%s: %s", url, a.Status)
		}
	}
}
