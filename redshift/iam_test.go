package redshift_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// withAWS gives the process credentials of AWS, which the SDK takes from the environment: so the tests are not parallel.
func withAWS(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "demo-key", "AWS_SECRET_ACCESS_KEY": "demo-secret", "AWS_SESSION_TOKEN": "", "AWS_REGION": "eu-west-1", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": "/no/such/file", "AWS_SHARED_CREDENTIALS_FILE": "/no/such/file", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func iamConfig(server *redshifttest.Server, iam redshift.IAM, user string) redshift.Config {
	cfg := server.Config()
	iam.Endpoint = server.AWSEndpoint()
	cfg.IAM, cfg.User = iam, user
	cfg.Password = redshift.Config{}.Password
	return cfg
}

func TestUsersOfIAMAreIssuedOnceForAllConnections(t *testing.T) {
	withAWS(t)
	for action, test := range map[string]struct {
		iam  redshift.IAM
		user string
	}{
		"GetClusterCredentials":        {redshift.IAM{ClusterID: "demo"}, "analyst"},
		"GetClusterCredentialsWithIAM": {redshift.IAM{ClusterID: "demo", Duration: base.Duration(30 * time.Minute)}, ""},
		"GetCredentials":               {redshift.IAM{Workgroup: "demo"}, ""},
	} {
		server := fake(t)
		c := newClient(t, iamConfig(server, test.iam, test.user))
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
					t.Errorf("%s: %v", action, err)
				}
			})
		}
		all.Wait()
		asked := server.AWSRequests()
		if len(asked) != 1 || asked[0].Action != action || asked[0].Resource != "demo" || !asked[0].Signed || asked[0].User != test.user ||
			asked[0].Database != redshifttest.DefaultDatabase || asked[0].Duration < 900 {
			t.Errorf("%s: %+v", action, asked)
		}
		if r := server.Requests()[0]; !strings.HasPrefix(r.User, "IAM") {
			t.Errorf("%s: connected as %s", action, r.User)
		}
	}
}

func TestAnIssuedPasswordThatIsRefusedIsReplacedOnce(t *testing.T) {
	withAWS(t)
	server := fake(t)
	c := newClient(t, iamConfig(server, redshift.IAM{ClusterID: "demo"}, "analyst"))
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	server.RevokeIssued()
	server.DropConnections()
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Errorf("after the password was revoked: %v", err)
	}
	if n := len(server.AWSRequests()); n != 2 {
		t.Errorf("%d requests to AWS", n)
	}
}

func TestIssuedPasswordsAreRenewedBeforeTheyEnd(t *testing.T) {
	withAWS(t)
	server := fake(t)
	server.IssueFor(2 * time.Second)
	c := newClient(t, iamConfig(server, redshift.IAM{Workgroup: "demo"}, ""))
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a second password was asked for", 5*time.Second, func() bool { return len(server.AWSRequests()) >= 2 })
	server.DropConnections()
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Error(err)
	}
}

func TestWhatAWSAnswersHasItsKind(t *testing.T) {
	withAWS(t)
	for code, kind := range map[string]base.Kind{
		"AccessDenied": base.KindPermission, "ClusterNotFound": base.KindNotFound, "ExpiredToken": base.KindUnauthenticated, "ValidationError": base.KindInvalid,
		"Throttling": base.KindThrottled, "InternalFailure": base.KindUnavailable, "SomethingElse": base.KindInvalid,
	} {
		server := fake(t)
		server.FailAWS(code, code, code)
		cfg := iamConfig(server, redshift.IAM{ClusterID: "demo"}, "")
		cfg.Limits.Retries = -1
		_, err := one(t.Context(), newClient(t, cfg), "SELECT 1")
		if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != kind || e.Sent != base.NotSent || e.Code != code {
			t.Errorf("%s: %v", code, err)
		}
		if n := len(server.AWSRequests()); n > 2 {
			t.Errorf("%s: %d requests to AWS: the SDK retries too", code, n)
		}
	}
	server := fake(t)
	server.FailAWS("InternalFailure")
	if _, err := one(t.Context(), newClient(t, iamConfig(server, redshift.IAM{ClusterID: "demo"}, "")), "SELECT 1"); err != nil {
		t.Errorf("one failure of AWS is not ridden out: %v", err)
	}
}

// echoing answers as AWS does when it refuses: what it says may quote the request.
func echoing(code string, quote func(*http.Request) string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		body, _ := json.Marshal(map[string]string{"message": quote(r)})
		header := http.Header{"X-Amzn-Errortype": {code}, "Content-Type": {"application/x-amz-json-1.1"}}
		return &http.Response{StatusCode: http.StatusForbidden, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	})
}

func TestARequestThatAWSQuotesShowsNoKey(t *testing.T) {
	withAWS(t)
	const token = "demo-session-token-0123456789"
	t.Setenv("AWS_SESSION_TOKEN", token)
	for code, quote := range map[string]func(*http.Request) string{
		"InvalidSignatureException": func(r *http.Request) string {
			return "The request signature does not match. The Canonical String should have been 'POST\n/\n\nx-amz-security-token:" + r.Header.Get("X-Amz-Security-Token") + "\n'"
		},
		"AccessDeniedException": func(r *http.Request) string { return "denied to demo-key: " + r.Header.Get("Authorization") },
		"ValidationException":   func(r *http.Request) string { return "not understood: " + r.Header.Get("X-Amz-Security-Token") },
		"InternalFailure": func(r *http.Request) string {
			_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			return "failed on SIGNATURE=" + signature
		},
	} {
		var last atomic.Value // a refresh in the background may ask too
		transport := echoing(code, func(r *http.Request) string {
			_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			last.Store(signature)
			return quote(r)
		})
		cfg := iamConfig(fake(t), redshift.IAM{Workgroup: "demo"}, "")
		cfg.Limits.Retries = -1
		_, err := one(t.Context(), newClient(t, cfg, base.WithTransport(transport)), "SELECT 1")
		if e, ok := errors.AsType[*base.Error](err); !ok || e.Code != code || e.Hint == "" {
			t.Errorf("%s: %v", code, err)
		}
		signature, _ := last.Load().(string)
		for _, hidden := range []string{token, "demo-key", signature} {
			if hidden == "" || strings.Contains(everything(err), hidden) {
				t.Errorf("%s: %q shows in %s", code, hidden, everything(err))
			}
		}
	}
}

// everything is what an error and every error below it say.
func everything(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error() + "\n"
	switch e := err.(type) { //nolint:errorlint // it walks the tree
	case interface{ Unwrap() error }:
		text += everything(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, below := range e.Unwrap() {
			text += everything(below)
		}
	}
	return text
}

func TestAWSIsAskedOverTheTransportThatIsGiven(t *testing.T) {
	withAWS(t)
	server := fake(t)
	seen := 0
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		seen++
		return http.DefaultTransport.RoundTrip(r)
	})
	c := newClient(t, iamConfig(server, redshift.IAM{ClusterID: "demo"}, ""), base.WithTransport(transport))
	if err := c.Ping(t.Context()); err != nil || seen != 1 {
		t.Error(seen, err)
	}
}

func TestWithoutARegionAWSIsNotAsked(t *testing.T) {
	withAWS(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	_, err := one(t.Context(), newClient(t, iamConfig(fake(t), redshift.IAM{ClusterID: "demo"}, "")), "SELECT 1")
	if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "region") {
		t.Error(err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
