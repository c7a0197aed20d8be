package rest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// A storage that is busy says nothing about how often the service itself may be called.
func TestTheQuotaOfAnotherServiceIsNotOurs(t *testing.T) {
	t.Parallel()
	storage := serve(t, status(503, "slow down", "Retry-After", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "60"))
	service := serve(t, ok)
	c := clientOf(t, service.URL, noRetries)
	elsewhere, err := url.Parse(storage.URL + "/segment")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Foreign: elsewhere}); base.KindOf(err) != base.KindUnavailable {
		t.Fatal(err)
	}
	if _, err := get(t, c); err != nil {
		t.Errorf("the service itself: %v", err)
	}
}
