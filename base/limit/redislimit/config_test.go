package redislimit_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/base/secret"
)

func TestValidateNamesEveryFieldAtOnce(t *testing.T) {
	t.Parallel()
	err := redislimit.Config{
		Addresses: []string{"redis://user:hunter2@host", "b:1"}, Password: secret.Literal("hunter2"), Database: 3, Name: "a{b}",
		Prefix: "{", CAFile: "/does/not/exist", Rate: math.NaN(), Burst: -1, OnOutage: "ajar", Lease: base.Duration(time.Millisecond),
		Timeout: base.Duration(time.Hour), CoolDown: -1,
	}.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, field := range []string{
		"addresses[0]: ", "database: ", "name: ", "prefix: ", "ca_file: ", "rate: ", "burst: ", "on_outage: ", "lease: ", "timeout: ",
		"cool_down: ",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%q is missing in:\n%v", field, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error holds a password: %v", err)
	}
}

func TestTheLeastConfigIsANameAndALimit(t *testing.T) {
	t.Parallel()
	for _, c := range []redislimit.Config{
		{Name: "a", Concurrency: 1},
		{Name: "a", Rate: 1},
		{Name: "a", Concurrency: -1},
		{Name: "a", Concurrency: 1, Lease: base.Duration(time.Second)},
		{Name: "a", Concurrency: 1, Addresses: []string{"a:1", "b:1"}},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for want, c := range map[string]redislimit.Config{
		"name":        {Concurrency: 1},
		"concurrency": {Name: "a"},
		"password":    {Name: "a", Concurrency: 1, User: "bot"},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAConfigIsReadAndNeverPrintsItsPassword(t *testing.T) {
	t.Parallel()
	var c redislimit.Config
	text := `{"name":"a","concurrency":3,"lease":"20s","password":"hunter2","on_outage":"open"}`
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if c.Concurrency != 3 || c.Lease.D() != 20*time.Second || !c.Password.Equal(secret.Literal("hunter2")) || c.OnOutage != redislimit.Open {
		t.Errorf("read %+v", c)
	}
	if out, err := json.Marshal(c); err != nil || strings.Contains(string(out), "hunter2") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestNewRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	c := redislimit.Config{Name: "a", Concurrency: 1}
	for want, opt := range map[string]base.Option{
		"Limiter":   base.WithLimiter(&redislimit.Limiter{}),
		"Transport": base.WithTransport(nil),
	} {
		if _, err := redislimit.New(t.Context(), c, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := redislimit.New(t.Context(), redislimit.Config{}); err == nil || !strings.Contains(err.Error(), "name") {
		t.Errorf("got %v", err)
	}
	c.Password = secret.From(nil)
	var reference secret.Value
	if err := reference.UnmarshalText([]byte("nosuch://hunter2")); err != nil {
		t.Fatal(err)
	}
	c.Password = reference
	if _, err := redislimit.New(t.Context(), c); err == nil || !strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
