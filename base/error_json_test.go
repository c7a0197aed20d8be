package base_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

func TestAnErrorComesBackFromJSON(t *testing.T) {
	t.Parallel()
	e := base.NewError(base.KindThrottled, errors.New("too many")).WithText("slow down")
	e.Source, e.Op, e.Code, e.Sent, e.RetryAfter, e.Attempts, e.Elapsed = "shop", "Orders", "429", base.Answered, 1500*time.Millisecond, 3, 2*time.Second
	e.QueryID, e.RequestID, e.Stopped = "q1", "r1", base.KindNoTimeLeft
	e.SetHint(base.HintOf("wait"))
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back base.Error
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Error() != e.Error() || back.Sent != base.Answered || !errors.Is(&back, base.ErrThrottled) || !errors.Is(&back, base.ErrNoTimeLeft) {
		t.Errorf("%v\n%v", &back, e)
	}
}

func TestAnErrorThatIsNoneIsNotRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `{"kind":"brand new"}`, `[]`, `{"kind":7}`} {
		var e base.Error
		if err := json.Unmarshal([]byte(text), &e); err == nil {
			t.Errorf("%s: %v", text, &e)
		}
	}
	var e base.Error
	if err := json.Unmarshal([]byte(`{"kind":"throttled","retry_after_s":1e300,"elapsed_s":-5,"attempts":-1,"message":"a\u001b[31m\nb"}`), &e); err != nil {
		t.Fatal(err)
	}
	if e.RetryAfter != 365*24*time.Hour || e.Elapsed != 0 || e.Attempts != 0 || e.Error() != "throttled: a[31m b; retry after 8760h0m0s" {
		t.Errorf("%v", &e)
	}
}
