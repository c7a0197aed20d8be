package sign_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"github.com/fourkites/sources/base/sign"
)

// bare is what a caller without this package would write.
func bare(secret []byte, method, path string, body []byte) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(method + "\n" + path + "\n" + strconv.FormatInt(time.Now().Unix(), 10) + "\n"))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// BenchmarkSign compares a signature with the same string through crypto/hmac, in one run:
// "ratio" is Sign over bare, and above 1.5 the benchmark fails.
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
	ours := float64(b.Elapsed()) / float64(b.N)
	start := time.Now()
	for range b.N {
		bare(key, "POST", "/api/v1/tracking/search", body)
	}
	theirs := float64(time.Since(start)) / float64(b.N)
	b.ReportMetric(ours/theirs, "ratio")
	if b.N >= 100_000 && ours > 1.5*theirs { // fewer rounds say nothing
		b.Errorf("a signature costs %.0f ns, the bare hash %.0f ns: more than 1.5 times", ours, theirs)
	}
	b.ReportMetric(theirs, "bare-ns/op")
}

func TestSigningAllocatesLittle(t *testing.T) {
	if raceEnabled {
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
