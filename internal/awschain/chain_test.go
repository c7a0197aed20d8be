package awschain_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/awschain"
)

// turning gives another key with every call.
type turning int

func (n *turning) Retrieve(context.Context) (aws.Credentials, error) {
	*n++
	return aws.Credentials{AccessKeyID: fmt.Sprint("id", *n), SecretAccessKey: fmt.Sprint("word", *n), SessionToken: fmt.Sprint("token", *n)}, nil
}

func TestTheKeysOfLateAreRemembered(t *testing.T) {
	t.Parallel()
	loaded, keys, err := awschain.Load(t.Context(), awschain.Options{Region: "us-east-1", Credentials: new(turning)})
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Retryer().MaxAttempts() > 1 {
		t.Error("the SDK retries on its own")
	}
	for range 6 {
		if _, err := loaded.Credentials.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := keys.Secrets()
	for _, want := range []string{"word3", "token3", "word6", "token6"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not in %q", want, got)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d texts are kept", len(got))
	}
}

// answered is an error of the API as the SDK hands it on.
func answered(status int, header http.Header, err error) error {
	return &smithy.OperationError{ServiceID: "Athena", OperationName: "X", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: header}}, Err: err,
	}}
}

func typed(t *testing.T, err error) *base.Error {
	t.Helper()
	e := awschain.Classify(awschain.WithoutAnswer(err, []string{"planted-secret"}), nil, base.Hint{}, base.Hint{})
	if e == nil {
		t.Fatalf("%v has no kind", err)
	}
	return e
}

func TestCodesAndStatusesHaveTheirKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		code   string
		kind   base.Kind
	}{
		{400, "ExpiredTokenException", base.KindUnauthenticated},
		{400, "ThrottlingException", base.KindThrottled},
		{500, "SomethingNew", base.KindUnavailable},
		{400, "SomethingNew", base.KindInvalid},
		{403, "", base.KindPermission},
		{401, "", base.KindUnauthenticated},
		{404, "", base.KindNotFound},
		{429, "", base.KindThrottled},
		{503, "", base.KindUnavailable},
		{501, "", base.KindInternal},
		{418, "a code\nof two lines", base.KindInvalid},
	} {
		e := typed(t, answered(test.status, nil, &smithy.GenericAPIError{Code: test.code, Message: "m"}))
		if e.Kind != test.kind || strings.Contains(e.Code, "\n") {
			t.Errorf("%d %q: %s %q", test.status, test.code, e.Kind, e.Code)
		}
	}
}

func TestWhatAWSQuotesOfTheRequestIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"no, with planted-secret",
		"The Canonical String for this request should have been 'POST planted'",
		"bad AWS4-HMAC-SHA256 Credential=planted/x",
		"https://b.s3.amazonaws.com/k?X-Amz-Security-Token=planted&X-Amz-Signature=planted",
		"https://b.s3.amazonaws.com/k?X-Amz-Credential=planted",
	} {
		e := typed(t, answered(400, nil, &smithy.GenericAPIError{Code: "InvalidRequestException", Message: text}))
		if strings.Contains(e.Error(), "planted") {
			t.Errorf("%q: %v", text, e)
		}
	}
	unread := answered(200, nil, &smithy.DeserializationError{Err: errors.New("invalid character"), Snapshot: []byte("planted")})
	if err := awschain.WithoutAnswer(unread, nil); strings.Contains(err.Error(), "planted") {
		t.Error(err)
	}
}

func TestAWaitThatIsAskedForIsKept(t *testing.T) {
	t.Parallel()
	e := typed(t, answered(429, http.Header{"Retry-After": {"7"}}, &smithy.GenericAPIError{Code: "ThrottlingException"}))
	if e.RetryAfter != 7*time.Second {
		t.Errorf("%s", e.RetryAfter)
	}
	for _, poison := range []string{"-1", "99999999999999999999", "NaN", "soon", strings.Repeat("9", 10_000)} {
		e := typed(t, answered(429, http.Header{"Retry-After": {poison}}, &smithy.GenericAPIError{Code: "ThrottlingException"}))
		if e.RetryAfter < 0 {
			t.Errorf("%.20s: %s", poison, e.RetryAfter)
		}
	}
}

func TestAClockThatIsOffIsToldByMinutes(t *testing.T) {
	t.Parallel()
	for skew, word := range map[time.Duration]string{10 * time.Minute: "behind", -10 * time.Minute: "ahead", time.Minute: ""} {
		header := http.Header{"Date": {time.Now().Add(skew).UTC().Format(http.TimeFormat)}}
		e := typed(t, answered(403, header, &smithy.GenericAPIError{Code: "SignatureDoesNotMatch", Message: "planted-secret"}))
		if got := strings.Contains(e.Error(), "the clock of this"); got != (word != "") || !strings.Contains(e.Error(), word) || e.Kind != base.KindUnauthenticated {
			t.Errorf("%s: %v", skew, e)
		}
	}
}

func TestAnAnswerThatBrokeOffIsNoMalformedOne(t *testing.T) {
	t.Parallel()
	broken := answered(200, nil, &smithy.DeserializationError{Err: io.ErrUnexpectedEOF})
	if err := awschain.WithoutAnswer(broken, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	garbage := answered(200, nil, &smithy.DeserializationError{Err: errors.New("x")})
	if _, ok := errors.AsType[*awschain.MalformedError](awschain.WithoutAnswer(garbage, nil)); !ok {
		t.Error(awschain.WithoutAnswer(garbage, nil))
	}
	if e := typed(t, answered(502, nil, &smithy.DeserializationError{Err: errors.New("x")})); e.Kind != base.KindUnavailable || e.Code != "502" {
		t.Errorf("%+v", e)
	}
}
