package athena

import (
	"errors"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

// A query that is seen to read more than it may must not go on.
func TestAQueryThatReadsTooMuchIsStopped(t *testing.T) {
	t.Parallel()
	a := &ask{client: &Client{config: Config{}.withDefaults()}, query: Query{MaxScan: 100}, id: "x", began: time.Now()}
	if err := a.judge(Execution{ID: "x", State: "RUNNING", BytesScanned: 100}); err != nil {
		t.Error(err)
	}
	if err := a.judge(Execution{ID: "x", State: "RUNNING", BytesScanned: 101}); base.KindOf(err) != base.KindQuotaExceeded {
		t.Error(err)
	}
	a.began = time.Now().Add(-6 * time.Minute)
	if err := a.judge(Execution{ID: "x", State: "QUEUED"}); !errors.Is(err, errOvertime) {
		t.Error(err)
	}
}

// Looks cost at most a tenth of what the query itself takes, whenever it ends, and few requests.
func TestWaitingCostsAtMostATenth(t *testing.T) {
	t.Parallel()
	for took := 300 * time.Millisecond; took < 10*time.Minute; took += took / 7 {
		var now, sum time.Duration
		looks := 0
		for now < took {
			now += pause(now)
			looks++
		}
		late := now - took
		if sum = max(took/10, leastLook); late > sum {
			t.Errorf("%s: seen %s late", took, late)
		}
		if most := 40 + int(took/time.Second); looks > most {
			t.Errorf("%s: %d looks", took, looks)
		}
	}
}

func TestReasonsOfFailuresHaveTheirKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		e    ServerError
		kind base.Kind
	}{
		{ServerError{Code: "TABLE_NOT_FOUND", Category: 2, Type: 1006}, base.KindNotFound},
		{ServerError{Code: "SYNTAX_ERROR", Message: "line 1:8: Column 'x' cannot be resolved", Category: 2, Type: 1006}, base.KindInvalid},
		{ServerError{Code: codeFailed, Message: "Bytes scanned limit was exceeded", Category: 2, Type: -1}, base.KindQuotaExceeded},
		{ServerError{Code: codeFailed, Message: "Query exhausted resources at this scale factor", Category: 1, Type: 0}, base.KindQuotaExceeded},
		{ServerError{Code: codeFailed, Message: "Query timeout", Category: 2, Type: 206}, base.KindQuotaExceeded},
		{ServerError{Code: codeFailed, Message: "Insufficient permissions to execute the query.", Category: 2, Type: 1000}, base.KindPermission},
		{ServerError{Code: codeFailed, Message: "Access denied when writing output to url: s3://x/y", Category: 2, Type: 401}, base.KindPermission},
		{ServerError{Code: codeFailed, Message: "Lake Formation error", Category: 2, Type: 234}, base.KindPermission},
		{ServerError{Code: codeFailed, Message: "Query was throttled", Category: 2, Type: 1400}, base.KindThrottled},
		{ServerError{Code: codeFailed, Message: "Internal service error", Category: 1, Type: 100}, base.KindUnavailable},
		{ServerError{Code: codeFailed, Message: "x", Category: 3, Type: -1, Retryable: true}, base.KindUnavailable},
		{ServerError{Code: codeFailed, Message: "something new", Type: -1}, base.KindInternal},
		{ServerError{Code: codeCancelled, Message: "Query cancelled by user", Type: -1}, base.KindCanceled},
	} {
		if got := classify(&test.e); got.Kind != test.kind {
			t.Errorf("%+v: %s, want %s", test.e, got.Kind, test.kind)
		}
	}
}
