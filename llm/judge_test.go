package llm_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

func categories(err error) []string {
	if said, ok := errors.AsType[*llm.ServerError](err); ok {
		return said.Categories
	}
	return nil
}

func TestRefusalsHaveTheirKinds(t *testing.T) {
	t.Parallel()
	in20s := time.Now().Add(20 * time.Second).Format(time.RFC3339)
	for _, test := range []struct {
		azure  bool
		status int
		body   string
		header http.Header
		kind   base.Kind
		says   string
	}{
		{false, 400, `{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too large"}}`, nil, base.KindInvalid, "max_tokens: too large"},
		{false, 400, `{"error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}`, nil, base.KindQuotaExceeded, "credit"},
		{false, 401, `{"error":{"type":"authentication_error","message":"invalid x-api-key"}}`, nil, base.KindUnauthenticated, ""},
		{false, 402, `{"error":{"type":"billing_error","message":"no"}}`, nil, base.KindQuotaExceeded, ""},
		{false, 403, `{"error":{"type":"permission_error","message":"no"}}`, nil, base.KindPermission, ""},
		{false, 404, `{"error":{"type":"not_found_error","message":"model: x"}}`, nil, base.KindNotFound, ""},
		{false, 413, `{"error":{"type":"request_too_large","message":"no"}}`, nil, base.KindTooLarge, ""},
		{false, 429, `{"error":{"type":"rate_limit_error","message":"slow down"}}`, http.Header{"Retry-After": {"7"}}, base.KindThrottled, "retry after 7s"},
		{false, 429, `{"error":{"type":"rate_limit_error","message":"the limit of the month"}}`, nil, base.KindQuotaExceeded, "month"},
		{
			false, 429, `{"error":{"type":"rate_limit_error","message":"slow down"}}`,
			http.Header{"Anthropic-Ratelimit-Input-Tokens-Remaining": {"0"}, "Anthropic-Ratelimit-Input-Tokens-Reset": {in20s}},
			base.KindThrottled, "retry after",
		},
		{false, 500, `{"error":{"type":"api_error","message":"no"}}`, nil, base.KindUnavailable, ""},
		{false, 504, `{"error":{"type":"timeout_error","message":"no"}}`, nil, base.KindUnavailable, ""},
		{false, 529, `{"error":{"type":"overloaded_error","message":"no"}}`, nil, base.KindOverloaded, ""},
		{false, 529, `<html>`, nil, base.KindOverloaded, ""},
		{true, 401, `{"error":{"code":"401","message":"Access denied"}}`, nil, base.KindUnauthenticated, ""},
		{true, 403, `{"error":{"code":"403","message":"Public access is disabled"}}`, nil, base.KindPermission, ""},
		{true, 404, `{"error":{"code":"DeploymentNotFound","message":"no such"}}`, nil, base.KindNotFound, "name of the deployment"},
		{true, 400, `{"error":{"code":"context_length_exceeded","message":"too long"}}`, nil, base.KindTooLarge, ""},
		{true, 400, `{"error":{"code":"x","message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, nil, base.KindContentFiltered, ""},
		{true, 400, `{"error":{"code":"content_filter","message":"m","inner_error":{"content_filter_results":{"hate":{"filtered":true}}}}}`, nil, base.KindContentFiltered, ""},
		{true, 429, `{"error":{"code":"insufficient_quota","message":"no"}}`, nil, base.KindQuotaExceeded, ""},
		{true, 429, `{"error":{"code":"429","message":"Please retry after 600 milliseconds."}}`, nil, base.KindThrottled, "retry after 600ms"},
		{true, 429, `{"error":{"code":"429","message":"Please retry after 9 seconds."}}`, http.Header{"Retry-After-Ms": {"1500"}}, base.KindThrottled, "retry after 1.5s"},
		{true, 500, `{"error":{"code":500,"message":"no"}}`, nil, base.KindUnavailable, ""},
	} {
		s := started(t)
		c := s.Config()
		if test.azure {
			c = s.AzureConfig()
		}
		c.Limits.Retries = -1
		s.Reply(nil, llmtest.Reply{Status: test.status, Body: test.body, Header: test.header})
		_, err := connected(t, c).Generate(t.Context(), ask())
		if base.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%d %s: %v", test.status, test.body, err)
		}
	}
}

func TestWhatTheProviderSaysIsNotToBeRetriedIsNot(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Status: 500, Body: `{"error":{"type":"api_error","message":"no"}}`, Header: http.Header{"X-Should-Retry": {"false"}}})
	if _, err := connected(t, s.Config()).Generate(t.Context(), ask()); !errors.Is(err, base.ErrUnavailable) || len(s.Requests()) != 1 {
		t.Errorf("%d requests, %v", len(s.Requests()), err)
	}
}

func TestTheWordsOfAProviderHoldNoKey(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Status: 400, Body: `{"error":{"type":"invalid_request_error","message":"your key is ` + llmtest.Key + `"}}`})
	_, err := connected(t, s.Config()).Generate(t.Context(), ask())
	said, ok := errors.AsType[*llm.ServerError](err)
	if !ok || strings.Contains(said.Message+err.Error(), llmtest.Key) {
		t.Errorf("%v, %+v", err, said)
	}
}
