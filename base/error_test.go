package base_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

// kinds are all of them with their sentinels.
var kinds = map[base.Kind]error{
	base.KindCanceled: base.ErrCanceled, base.KindDeadline: base.ErrDeadline,
	base.KindAttemptTimeout: base.ErrAttemptTimeout, base.KindUnavailable: base.ErrUnavailable,
	base.KindThrottled: base.ErrThrottled, base.KindOverloaded: base.ErrOverloaded, base.KindConflict: base.ErrConflict,
	base.KindUnauthenticated: base.ErrUnauthenticated, base.KindPermission: base.ErrPermission,
	base.KindNotFound: base.ErrNotFound, base.KindInvalid: base.ErrInvalid,
	base.KindQuotaExceeded: base.ErrQuotaExceeded, base.KindTooLarge: base.ErrTooLarge,
	base.KindContentFiltered: base.ErrContentFiltered, base.KindProtocol: base.ErrProtocol,
	base.KindOutcomeUnknown: base.ErrOutcomeUnknown, base.KindInternal: base.ErrInternal,
	base.KindCircuitOpen: base.ErrCircuitOpen, base.KindLimitExceeded: base.ErrLimitExceeded,
	base.KindBudgetExhausted: base.ErrBudgetExhausted, base.KindNoTimeLeft: base.ErrNoTimeLeft,
	base.KindClosed: base.ErrClosed,
}

func TestEveryKindHasASentinelAndAName(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for k := base.Kind(1); k.String() != base.KindUnknown.String(); k++ {
		sentinel := kinds[k]
		if sentinel == nil {
			t.Errorf("%s has no sentinel", k)
			continue
		}
		err := fmt.Errorf("wrapped: %w", base.NewError(k, errDown))
		for other, s := range kinds {
			if errors.Is(err, s) != (other == k) {
				t.Errorf("an error of kind %s matches the sentinel of %s: %t", k, other, other != k)
			}
		}
		if base.KindOf(err) != k || base.KindOf(sentinel) != k || sentinel.Error() != k.String() {
			t.Errorf("%s: KindOf gives %s and %s", k, base.KindOf(err), base.KindOf(sentinel))
		}
		if errors.Is(err, base.ErrLocal) != k.Local() {
			t.Errorf("%s: local %t", k, k.Local())
		}
		names[k.String()] = true
		var read base.Kind
		if text, err := k.MarshalText(); err != nil || read.UnmarshalText(text) != nil || read != k {
			t.Errorf("%s reads back as %s", k, read)
		}
	}
	if len(names) != len(kinds) {
		t.Errorf("%d names of %d kinds", len(names), len(kinds))
	}
	local := []base.Kind{base.KindCircuitOpen, base.KindLimitExceeded, base.KindBudgetExhausted, base.KindNoTimeLeft, base.KindClosed}
	for k := range kinds {
		if k.Local() != slices.Contains(local, k) {
			t.Errorf("%s: local %t", k, k.Local())
		}
	}
}

func TestKindOfForeignErrors(t *testing.T) {
	t.Parallel()
	for want, err := range map[base.Kind]error{
		base.KindCanceled: fmt.Errorf("x: %w", context.Canceled),
		base.KindDeadline: context.DeadlineExceeded,
		base.KindUnknown:  io.EOF,
	} {
		if got := base.KindOf(err); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
	if base.KindOf(nil) != base.KindUnknown || base.Kind(200).String() != "unknown" {
		t.Error("nil or a kind that does not exist is something")
	}
	k := base.KindClosed
	if err := k.UnmarshalText([]byte("no such word")); err != nil || k != base.KindUnknown {
		t.Errorf("%v, %s", err, k)
	}
}

// codeError is a driver's error with a code, found by type.
type codeError struct{ code int }

func (e *codeError) Error() string { return fmt.Sprintf("code %d", e.code) }

func TestAnErrorIsFoundByEverythingThatItIs(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1}, func(c *base.GuardConfig) {
		c.Classify = func(err error) *base.Error {
			if _, ok := errors.AsType[*codeError](err); ok {
				return base.NewError(base.KindOverloaded, err)
			}
			return nil
		}
	})
	cause := errors.New("the operator pressed stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := base.Do(ctx, g, read, func(context.Context) (int, error) {
		cancel(cause)
		return 0, fmt.Errorf("reading: %w", &codeError{241})
	})
	code, ok := errors.AsType[*codeError](err)
	if !ok || code.code != 241 || !errors.Is(err, cause) || !errors.Is(err, base.ErrOverloaded) || errors.Is(err, base.ErrLocal) {
		t.Errorf("%v", err)
	}
	if e := asError(t, err); e.Source != "fake" || e.Op != "Read" || e.Attempts != 1 {
		t.Errorf("%+v", e)
	}
	inner := base.NewError(base.KindNotFound, io.ErrUnexpectedEOF)
	wrapper := errors.New("of the page")
	_, err = base.Do(t.Context(), g, read, fails(fmt.Errorf("%w: %w", wrapper, inner)))
	if !errors.Is(err, wrapper) || !errors.Is(err, io.ErrUnexpectedEOF) || base.KindOf(err) != base.KindNotFound {
		t.Errorf("a wrapped error lost a part: %v", err)
	}
	if inner.Source != "" || inner.Attempts != 0 {
		t.Errorf("the driver's error was written to: %+v", inner)
	}
}

const canary = "c4n/ry+53?cr t"

func canaries() []string {
	quoted, _ := json.Marshal(canary)
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + canary + ":x"))
	return []string{
		canary, url.QueryEscape(canary), strings.ToLower(url.QueryEscape(canary)), url.PathEscape(canary),
		strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(canary)), strings.ToUpper(hex.EncodeToString([]byte(canary))),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary)), basic,
	}
}

// spill is the canary in every form that could give it away; basic only as far as it depends on the canary.
func spills(text string) bool {
	forms := canaries()
	basic := forms[len(forms)-1]
	for _, form := range append(forms[:len(forms)-1], basic[8:len(basic)-4], "53?cr", "53%3Fcr") {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// prints is an error in every way in which programs print it.
func prints(err error) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", err)
		fmt.Fprintf(&out, verb+"\n", fmt.Errorf("wrapped: %w", err))
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("failed", "error", err)
	slog.New(slog.NewTextHandler(&out, nil)).Info("failed", "error", err)
	data, _ := json.Marshal(map[string]any{"error": err})
	return out.String() + string(data)
}

func TestNoWayOfPrintingAnErrorShowsASecret(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1}, func(c *base.GuardConfig) {
		c.Secrets = func() []string { return []string{"", "abc", canary[:6], canary} }
	})
	fill := func(e *base.Error, text string) *base.Error {
		e.Code, e.QueryID, e.RequestID, e.Hint = text, text, text, text
		return e
	}
	for _, form := range canaries() {
		message := "refused " + form + " at https://user:" + form + "@host/p?sig=" + form
		for name, err := range map[string]error{
			"driver's": errors.New(message),
			"typed":    fill(base.NewError(base.KindPermission, errors.New(message)), form),
			"wrapped":  fmt.Errorf("%s: %w", message, base.NewError(base.KindPermission, errors.New(message))),
			"url":      &url.Error{Op: "Get", URL: "https://h/p?token=" + form, Err: errors.New(message)},
			"text":     base.NewError(base.KindPermission, nil).WithText(message),
		} {
			_, got := base.Do(t.Context(), g, read, fails(err))
			if text := prints(got); spills(text) {
				t.Errorf("%s with %q:\n%s", name, form, text)
			}
		}
		_, got := base.Do(t.Context(), g, read, func(context.Context) (int, error) { panic(message) })
		if text := prints(got); spills(text) {
			t.Errorf("panic: %s", text)
		}
	}
}

func TestASecretIsFoundThoughItIsSplitCutOrEscaped(t *testing.T) {
	t.Parallel()
	const secret = "hunter2/é/hunter2"
	g := newGuard(t, base.Limits{Retries: -1}, func(c *base.GuardConfig) {
		c.Secrets = func() []string { return []string{secret} }
	})
	half := len("hunter2")
	for name, text := range map[string]string{
		"zero width":    secret[:half] + "\u200b" + secret[half:],
		"soft hyphen":   secret[:half] + "\u00ad" + secret[half:],
		"NUL":           secret[:half] + "\x00" + secret[half:],
		"at the cut":    strings.Repeat("x", 600-half) + " " + secret,
		"JSON slash":    `hunter2\/é\/hunter2`,
		"JSON in ASCII": `hunter2/\u00e9/hunter2`,
		"every byte":    "%68%75%6e%74%65%72%32%2f%c3%a9%2f%68%75%6e%74%65%72%32",
	} {
		_, err := base.Do(t.Context(), g, read, fails(errors.New("refused "+text)))
		if got := err.Error(); strings.Contains(got, "hunter") || strings.Contains(got, "%68%75") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestConcealTakesTheSecretsAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, form := range canaries() {
		if got := base.Conceal("line 1\n"+form+"\nline 3 at https://u:p@h/?q", "abc", canary); spills(got) ||
			!strings.HasPrefix(got, "line 1\n") || !strings.HasSuffix(got, "\nline 3 at https://u:p@h/?q") {
			t.Errorf("%q became %q", form, got)
		}
	}
	if got := base.Conceal("as it is\n", ""); got != "as it is\n" {
		t.Errorf("%q", got)
	}
}

func TestOurOwnHintIsWholeThoughASecretIsOneOfItsWords(t *testing.T) {
	t.Parallel()
	const hint = "the default port is 9440; check user and password"
	g := newGuard(t, base.Limits{Retries: -1}, func(c *base.GuardConfig) {
		c.Secrets = func() []string { return []string{"default", "password", "check"} }
	})
	own := base.NewError(base.KindInvalid, errors.New("no default here"))
	own.SetHint(base.HintOf(hint))
	_, err := base.Do(t.Context(), g, read, fails(fmt.Errorf("wrapped: %w", own)))
	if e := asError(t, err); e.Hint != hint || strings.Contains(strings.TrimSuffix(e.Error(), hint), "default") {
		t.Errorf("%s", e)
	}
	foreign := *own
	foreign.Hint = "use the password default" // put over ours
	_, err = base.Do(t.Context(), g, read, fails(&foreign))
	if e := asError(t, err); strings.Contains(e.Hint, "default") || strings.Contains(e.Hint, "password") {
		t.Errorf("%s", e)
	}
	foreign.Hint += hint // or added to it
	_, err = base.Do(t.Context(), g, read, fails(&foreign))
	if e := asError(t, err); strings.Contains(e.Hint, "default") || strings.Contains(e.Hint, "password") {
		t.Errorf("%s", e)
	}
	if got := base.HintOf(hint).String(); got != hint {
		t.Error(got)
	}
}

func TestAHintThatCameFromOutsideShowsNoSecretInAnyForm(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1}, func(c *base.GuardConfig) { c.Secrets = func() []string { return []string{canary} } })
	for _, form := range canaries() {
		e := base.NewError(base.KindPermission, errDown)
		e.SetHint(base.HintOf("ask the operator"))
		for _, text := range []string{form, "ask the operator: " + form, form + "ask the operator"} {
			e.Hint = text
			_, got := base.Do(t.Context(), g, read, fails(e))
			if text := prints(got); spills(text) {
				t.Errorf("%q:\n%s", form, text)
			}
		}
	}
}

func TestURLsLoseTheirUsersAndQueries(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"dial postgres://bot:p@ss@db:5432/x failed":     "dial postgres://db:5432/x failed",
		`Get "https://h/p?api_key=1&x=2": EOF`:          `Get "https://h/p?[redacted]": EOF`,
		"https://h/users/@me and http://u@g/":           "https://h/users/@me and http://g/",
		"no url, but a question? and an a@b":            "no url, but a question? and an a@b",
		"https://h/p?a=b@c":                             "https://h/p?[redacted]",
		"https://h/p#token=x":                           "https://h/p#[redacted]",
		`{"u":"https:\/\/a:b@h\/p?k=1"}`:                `{"u":"https:\/\/h\/p?[redacted]"}`,
		`Get "/x?sig=1": EOF`:                           `Get "/x?[redacted]": EOF`,
		"why? 1/2? yes":                                 "why? 1/2? yes",
		"clickhouse://h:9000?password=x then more":      "clickhouse://h:9000?[redacted] then more",
		"x: awssm://prod/db?stage=S#password: denied":   "x: awssm://prod/db?stage=S#password: denied",
		"awssm-us:///a/b?version=1234 and more":         "awssm-us:///a/b?version=1234 and more",
		`awssm://arn:aws:secretsmanager:r:1:secret:a#k`: "awssm://arn:aws:secretsmanager:r:1:secret:a#k",
		"vault://kv/team/db#user: absent":               "vault://kv/team/db#user: absent",
		"vault://u:p@kv/db?version=3#k":                 "vault://kv/db?version=3#k",
		"vault://u:p#q@kv/db":                           "vault://u:p#[redacted]",
		"vault://kv/db?token=t#k":                       "vault://kv/db?[redacted]",
		"vault://kv/db?version=3&token=t#k":             "vault://kv/db?[redacted]",
		"https://h/?stage=x&u=vault://kv/db#k":          "https://h/?[redacted]",
		"https://h/vault://kv/db?version=3#k":           "https://h/vault://kv/db?[redacted]",
		"vaulted://h/db?version=3#k":                    "vaulted://h/db?[redacted]",
		"://h?a":                                        "://h?[redacted]",
		"two https://a:b@h/?q=1 http://c:d@h2/?r=2\n":   "two https://h/?[redacted] http://h2/?[redacted]\n",
	} {
		if got := base.Redact(text); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", text, got, want)
		}
	}
}

func TestAnErrorIsOneLine(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Retries: -1})
	hostile := "a\nb\r\tc\x1b[31m\u202e\u200b\x00" + "\xff" + strings.Repeat("é", 1000)
	_, err := base.Do(t.Context(), g, read, fails(errors.New(hostile)))
	text := err.Error()
	if strings.ContainsAny(text, "\n\r\t\x1b\x00\u202e\u200b") || len(text) > 800 || !strings.HasSuffix(text, "é…") || !strings.Contains(text, "a b  c") {
		t.Errorf("%q", text)
	}
}

func TestTheLineOfAnErrorSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	e := base.NewError(base.KindThrottled, errDown).WithText("slow down")
	e.Source, e.Op, e.Code, e.Attempts, e.Elapsed = "svc", "Load", "429", 3, 1500*time.Millisecond
	e.Stopped, e.RetryAfter, e.QueryID, e.Hint = base.KindBudgetExhausted, 2*time.Second, "q7", "ask for less"
	const want = "svc: Load: throttled (429): slow down; after 3 attempts in 1.5s; not retried: retry budget exhausted; " +
		"retry after 2s; query q7; hint: ask for less"
	if diff := cmp.Diff(want, e.Error()); diff != "" {
		t.Error(diff)
	}
	if got := fmt.Sprintf("%q", base.Invalid("svc", "Load", "id: %s", "a\nb")); got != `"svc: Load: invalid: id: a b"` {
		t.Error(got)
	}
	if !errors.Is(e, base.ErrBudgetExhausted) || errors.Is(e, base.ErrLocal) {
		t.Error("why it was not retried is not found, or counts as its kind")
	}
	var fields map[string]any
	data, err := json.Marshal(e)
	if err != nil || json.Unmarshal(data, &fields) != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{
		"kind": "throttled", "source": "svc", "op": "Load", "code": "429", "sent": "maybe sent", "message": "slow down",
		"attempts": 3.0, "elapsed_s": 1.5, "stopped": "retry budget exhausted", "retry_after_s": 2.0, "query_id": "q7",
		"hint": "ask for less",
	}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestAnErrorWithoutCausesUnwrapsToNothing(t *testing.T) {
	t.Parallel()
	if causes := base.Invalid("svc", "Load", "id: empty").Unwrap(); causes != nil {
		t.Errorf("%v", causes)
	}
	if got := base.NewError(base.KindClosed, nil).Error(); got != "closed" {
		t.Errorf("%q", got)
	}
}

// timeoutError is a net.Error that says that it took too long.
type timeoutError struct{ timeout bool }

func (timeoutError) Error() string   { return "i/o" }
func (e timeoutError) Timeout() bool { return e.timeout }
func (timeoutError) Temporary() bool { return false }

func TestErrorsOfTheNetworkAreTyped(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, c := range []struct {
		err  error
		kind base.Kind
		sent base.Sent
		hint string
	}{
		{dial(syscall.ECONNREFUSED), base.KindUnavailable, base.NotSent, "check host and port"},
		{dial(timeoutError{true}), base.KindUnavailable, base.NotSent, "did not answer the connection in time"},
		{dial(os.NewSyscallError("socket", syscall.EMFILE)), base.KindUnavailable, base.NotSent, "too many files open"},
		{syscall.ENFILE, base.KindUnavailable, base.NotSent, "too many files open"},
		{dial(&net.DNSError{Name: "nowhere.invalid", IsNotFound: true}), base.KindInvalid, base.NotSent, "does not resolve"},
		{&net.DNSError{Name: "x", IsTimeout: true}, base.KindUnavailable, base.NotSent, "name server"},
		{x509.UnknownAuthorityError{}, base.KindInvalid, base.NotSent, "not trusted"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}, base.KindInvalid, base.NotSent, "not trusted"},
		{&tls.CertificateVerificationError{Err: errDown}, base.KindInvalid, base.NotSent, "not trusted"},
		{tls.AlertError(70), base.KindInvalid, base.NotSent, "refused the TLS handshake"},
		{tls.RecordHeaderError{Msg: "x"}, base.KindProtocol, base.NotSent, "does not speak TLS"},
		{io.ErrUnexpectedEOF, base.KindUnavailable, base.MaybeSent, ""},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, base.KindUnavailable, base.MaybeSent, ""},
		{net.ErrClosed, base.KindUnavailable, base.MaybeSent, ""},
		{timeoutError{false}, base.KindUnavailable, base.MaybeSent, ""},
		{timeoutError{true}, base.KindAttemptTimeout, base.MaybeSent, ""},
		{os.ErrDeadlineExceeded, base.KindAttemptTimeout, base.MaybeSent, ""},
		{context.Canceled, base.KindCanceled, base.MaybeSent, ""},
		{context.DeadlineExceeded, base.KindAttemptTimeout, base.MaybeSent, ""},
		{errDown, base.KindInternal, base.MaybeSent, ""},
	} {
		e := base.ClassifyNetwork(fmt.Errorf("wrapped: %w", c.err))
		if e.Kind != c.kind || e.Sent != c.sent || !strings.Contains(e.Hint, c.hint) || (c.hint == "") != (e.Hint == "") {
			t.Errorf("%v: %s, %s, %q", c.err, e.Kind, e.Sent, e.Hint)
		}
	}
}
