package awssecret_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/awssecret/awssecrettest"
	"github.com/fourkites/sources/internal/awschain"
)

// reasons are all that an error of a request can be.
var reasons = []error{
	awssecret.ErrNotFound, awssecret.ErrDeleted, awssecret.ErrDenied, awssecret.ErrCredentials, awssecret.ErrThrottled,
	awssecret.ErrDecryption, awssecret.ErrUnavailable, awssecret.ErrUnreachable, awssecret.ErrSlow, awssecret.ErrInvalid,
	awssecret.ErrAnswer, awssecret.ErrPending, awssecret.ErrBinary, awssecret.ErrKey,
}

// isOnly fails unless an error has this reason and no other, and would not mislead the guard of a source.
func isOnly(t *testing.T, err, want error, says string) {
	t.Helper()
	for _, reason := range reasons {
		if got := errors.Is(err, reason); got != (reason == want) { //nolint:errorlint // which of them it is
			t.Errorf("%v: is %q %v, want %q", err, reason, got, want)
		}
	}
	if !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v does not say %q", err, says)
	}
	if _, ok := errors.AsType[*base.Error](err); ok || base.KindOf(err) != base.KindUnknown && base.KindOf(err) != base.KindDeadline {
		t.Errorf("%v would be taken for an error of the source that it is for", err)
	}
	if _, ok := errors.AsType[*awschain.Error](err); ok {
		t.Errorf("%v would be taken for an answer to the source that it is for", err)
	}
	clean(t, err, "awssm://app")
}

func TestWhatAWSAnswersIsToldApart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		setUp func(*awssecrettest.Server)
		want  error
		says  string
	}{
		{"absent", func(s *awssecrettest.Server) { s.Purge("app") }, awssecret.ErrNotFound, "check the name"},
		{"marked for deletion", func(s *awssecrettest.Server) { s.Delete("app") }, awssecret.ErrDeleted, "restore it"},
		{"marked for deletion in the words of moto", func(s *awssecrettest.Server) {
			s.Refuse(awssecrettest.Exception{Code: "InvalidRequestException", Message: "You tried to perform the operation on a secret that's currently marked deleted."}, 1)
		}, awssecret.ErrDeleted, "restore it"},
		{"another invalid request", func(s *awssecrettest.Server) {
			s.Refuse(awssecrettest.Exception{Code: "InvalidRequestException", Message: "It is not of use now."}, 1)
		}, awssecret.ErrInvalid, "not of use"},
		{"invalid parameter", func(s *awssecrettest.Server) {
			s.Refuse(awssecrettest.Exception{Code: "InvalidParameterException", Message: "no"}, 1)
		}, awssecret.ErrInvalid, "check the reference"},
		{"denied", func(s *awssecrettest.Server) { s.Deny("app", true) }, awssecret.ErrDenied, "secretsmanager:GetSecretValue on"},
		{"throttled", func(s *awssecrettest.Server) { s.Refuse(awssecrettest.Throttled(), 1) }, awssecret.ErrThrottled, "less often"},
		{"over a limit", func(s *awssecrettest.Server) {
			s.Refuse(awssecrettest.Exception{Code: "LimitExceededException", Message: "too many"}, 1)
		}, awssecret.ErrThrottled, "less often"},
		{"not decrypted", func(s *awssecrettest.Server) { s.Refuse(awssecrettest.DecryptionFailure(), 1) }, awssecret.ErrDecryption, "KMS"},
		{"fault of AWS", func(s *awssecrettest.Server) { s.Refuse(awssecrettest.InternalServiceError(), 1) }, awssecret.ErrUnavailable, "could not answer"},
		{"503", func(s *awssecrettest.Server) { s.Fail(fault.Status(503), 1) }, awssecret.ErrUnavailable, "could not answer"},
		{"429", func(s *awssecrettest.Server) { s.Fail(fault.RetryAfter("7"), 1) }, awssecret.ErrThrottled, "retry after 7s"},
		{"403 of a proxy", func(s *awssecrettest.Server) { s.Fail(fault.Status(403).WithMessage("<html>"+canary), 1) }, awssecret.ErrDenied, ""},
		{"wrong key", func(s *awssecrettest.Server) { s.Fail(fault.WrongPassword(), 1) }, awssecret.ErrCredentials, "does not know the credentials"},
		{"expired session", func(s *awssecrettest.Server) { s.ExpireKey(awssecrettest.AccessKey) }, awssecret.ErrCredentials, "expired"},
		{"other error", func(s *awssecrettest.Server) { s.Fail(fault.Error(1, "x"), 1) }, awssecret.ErrUnavailable, "could not answer"},
		{"reset", func(s *awssecrettest.Server) { s.Fail(fault.Reset(), 1) }, awssecret.ErrUnreachable, ""},
		{"reset in the middle", func(s *awssecrettest.Server) { s.Fail(fault.ResetMidBody(), 1) }, awssecret.ErrUnreachable, "broke off"},
		{"cut", func(s *awssecrettest.Server) { s.Fail(fault.CutMidBody(), 1) }, awssecret.ErrUnreachable, "broke off"},
		{"refused connection", func(s *awssecrettest.Server) { s.Fail(fault.Refuse(), 1) }, awssecret.ErrUnreachable, ""},
		{"closed", func(s *awssecrettest.Server) { s.Close() }, awssecret.ErrUnreachable, "check host and port"},
		{"garbage", func(s *awssecrettest.Server) { s.Fail(fault.Garbage(), 1) }, awssecret.ErrUnreachable, ""},
		{"half of an answer", func(s *awssecrettest.Server) { s.Fail(fault.MalformedBlock(), 1) }, awssecret.ErrAnswer, "check endpoint"},
		{"answer of a stranger", func(s *awssecrettest.Server) { s.Fail(fault.Status(200).WithMessage("<html>"+canary), 1) }, awssecret.ErrAnswer, "check endpoint"},
		{"answer without end", func(s *awssecrettest.Server) { s.Fail(fault.Oversized(), 1) }, awssecret.ErrAnswer, "1 MiB"},
		{"bomb", func(s *awssecrettest.Server) { s.Fail(fault.Bomb(), 1) }, awssecret.ErrAnswer, ""},
		{"redirect", func(s *awssecrettest.Server) { s.Fail(fault.Status(302, "Location", "http://127.0.0.1:1/"), 1) }, awssecret.ErrInvalid, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := started(t)
			store := storeOf(t, server.Config())
			server.Put("app", canary)
			test.setUp(server)
			_, err := get(t, store, "awssm://app")
			if err == nil {
				t.Fatal("no error")
			}
			isOnly(t, err, test.want, test.says)
			if n := len(server.Requests()); n > 2 { // once more with other credentials, where those were refused
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestAnErrorHasTheCodeOfAWS(t *testing.T) {
	t.Parallel()
	server := started(t)
	_, err := get(t, storeOf(t, server.Config()), "awssm://app#k")
	e, ok := errors.AsType[*awssecret.Error](err)
	if !ok || e.Code != "ResourceNotFoundException" || e.Reference != "awssm://app#k" {
		t.Errorf("%+v", e)
	}
}

func TestAnAnswerThatDoesNotComeIsSlowAndEndsInTime(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{fault.Silent(), fault.HostileLength(), fault.Slow(1, time.Hour)} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			server := started(t)
			config := server.Config()
			config.Timeout = base.Duration(100 * time.Millisecond)
			server.Put("app", canary)
			server.Fail(f, -1)
			_, err := get(t, storeOf(t, config), "awssm://app")
			isOnly(t, err, awssecret.ErrSlow, "")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
}

func TestACallerWhoLeavesIsToldSo(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("app", canary)
	server.Fail(fault.Silent(), -1)
	source := opened(t, storeOf(t, server.Config()), "awssm://app")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for range 2 { // the second has left before
		_, err := source.Get(ctx)
		isOnly(t, err, awssecret.ErrSlow, "the time of the caller")
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := source.Get(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, awssecret.ErrSlow) {
		t.Error(err)
	} else {
		clean(t, err, "awssm://app")
	}
}

func TestABlipIsRetriedAndARefusalIsNot(t *testing.T) {
	t.Parallel()
	server := started(t)
	config := server.Config()
	config.Limits.Retries = 0 // the default
	server.Put("app", "x")
	store := storeOf(t, config)
	server.Fail(fault.Status(503), 1)
	reads(t, opened(t, store, "awssm://app"), "x")
	if n := len(server.Requests()); n != 2 {
		t.Errorf("%d requests for one blip", n)
	}
	server.ForgetRequests()
	server.Fail(fault.Reset(), -1)
	_, err := get(t, store, "awssm://app")
	isOnly(t, err, awssecret.ErrUnreachable, "")
	if n := len(server.Requests()); n != 3 {
		t.Errorf("%d requests in an outage, want 3", n)
	}
	server.ClearFaults()
	server.ForgetRequests()
	server.Deny("app", true)
	_, err = get(t, store, "awssm://app")
	isOnly(t, err, awssecret.ErrDenied, "")
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests for a refusal", n)
	}
}

func TestAnOutageIsNotAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	source := opened(t, store, "awssm://app")
	server.Fail(fault.Status(http.StatusServiceUnavailable), -1)
	var last error
	for range 50 {
		_, last = source.Get(t.Context())
	}
	isOnly(t, last, awssecret.ErrUnreachable, "circuit open")
	if n := len(server.Requests()); n > 20 {
		t.Errorf("%d requests to a service that is down", n)
	}
	if h := store.Health(); h.Source != store.Name() || h.Breaker != "open" {
		t.Errorf("%+v", h)
	}
}

func TestAKeyThatWasRefusedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("app", "x")
	server.RemoveKey(awssecrettest.AccessKey)
	source := opened(t, storeOf(t, server.Config()), "awssm://app")
	for range 3 {
		_, err := source.Get(t.Context())
		isOnly(t, err, awssecret.ErrCredentials, "")
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("the key was sent %d times", n)
	}
}

func TestAKeyIsTakenFromItsReference(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("app", "x")
	server.SetKey("DEMOTEMPORARYKEY0001", "session-token")
	config := server.Config()
	if err := config.Key.UnmarshalText([]byte("keys://one")); err != nil {
		t.Fatal(err)
	}
	text := "wrong"
	keys := secret.Resolver{"keys": func(context.Context, string) (secret.Source, error) {
		return secret.Static(text), nil
	}}
	_, err := get(t, storeOf(t, config, base.WithSecrets(keys)), "awssm://app")
	isOnly(t, err, awssecret.ErrCredentials, "id:secret")
	text = "DEMOTEMPORARYKEY0001:" + awssecrettest.SecretKey + ":session-token"
	reads(t, opened(t, storeOf(t, config, base.WithSecrets(keys)), "awssm://app"), "x")
	text = "DEMOTEMPORARYKEY0001:" + awssecrettest.SecretKey + ":another-token"
	_, err = get(t, storeOf(t, config, base.WithSecrets(keys)), "awssm://app")
	isOnly(t, err, awssecret.ErrCredentials, "")
}
