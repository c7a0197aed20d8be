package sign_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/internal/race"
)

// bare is what a caller without this package would write.
func bare(secret []byte, method, path string, body []byte) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(method + "\n" + path + "\n" + strconv.FormatInt(time.Now().Unix(), 10) + "\n"))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// BenchmarkSign compares a signature with the same string through crypto/hmac, in one run and in turns, so that a busy
// machine is busy for both: "ratio" is the least time of Sign over that of bare.
func BenchmarkSign(b *testing.B) {
	body := []byte(`{"load_ids":"LOAD123"}`)
	key := []byte("secret")
	req := request(b, "POST", "/api/v1/tracking/search", string(body))
	s := newSigner(b, sign.Config{Now: time.Now})
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Sign(req, body); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	const calls = 1000
	ours, theirs := time.Hour, time.Hour
	for range 100 {
		began := time.Now()
		for range calls {
			_ = s.Sign(req, body)
		}
		ours = min(ours, time.Since(began))
		began = time.Now()
		for range calls {
			bare(key, "POST", "/api/v1/tracking/search", body)
		}
		theirs = min(theirs, time.Since(began))
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
	b.ReportMetric(float64(theirs)/calls, "bare-ns/op")
}

func TestSigningAllocatesLittle(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector drops pooled states at random, which changes the count")
	}
	req := request(t, "GET", "/api/v1/tracking/1", "")
	key := []byte("secret")
	s := newSigner(t, sign.Config{Secret: keyOf(key)})
	n := testing.AllocsPerRun(200, func() {
		if err := s.Sign(req, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 {
		t.Errorf("%.0f allocations for one signature, want at most 2: the values and the text", n)
	}
}
