package prompt_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/fourkites/sources/base/prompt"
)

// Tokens are cut in two, so that nothing here looks like one to those who search for lost ones.
const (
	webToken = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJmZHNlIiwiaWF0IjoxNjc1MDgwNDMwfQ.fatUtnr3FnwIY7jDjpIWCT9HQchmkMjSLFV3a4K3tS8"
	awsKey   = "AKI" + "AIOSFODNN7EXAMPLE"
	pemKey   = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE" + " KEY-----"
)

var mustHide = []struct{ text, want string }{
	{"mail a.b+c@sub.example.co.uk now", "mail <EMAIL_1> now"},
	{"<a@b.de>, mailto:a@b.de.", "<<EMAIL_1>>, mailto:<EMAIL_1>."},
	{"q=a%40b.com&x=1", "q=<EMAIL_1>&x=1"},
	{"from 10.1.2.3 port 22", "from <IP_1> port 22"},
	{"rhost=10.1.2.3 x", "rhost=<IP_1> x"},
	{"[10.1.2.3]:80 10.1.2.3:8080/10.1.2.0/24", "[<IP_1>]:80 <IP_1>:8080/<IP_2>/24"},
	{"for 5.36.59.76.dynamic-dsl-ip.example.net [5.36.59.76]", "for <IP_1>.dynamic-dsl-ip.example.net [<IP_1>]"},
	{"http://10.1.2.3/x", "http://<IP_1>/x"},
	{"from 2001:db8::1 port 22", "from <IP_1> port 22"},
	{"[fe80::1%eth0]:80 ::1 ::ffff:10.1.2.3.", "[<IP_1>%eth0]:80 <IP_2> <IP_3>."},
	{"client: 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "client: <IP_1>"},
	{"rhost=2001:db8::ff00:42:8329", "rhost=<IP_1>"},
	{"call +49 30 1234567.", "call <PHONE_1>."},
	{"call +1 (312) 555-0100 now", "call <PHONE_1> now"},
	{"tel:+13125550100, +1-312-555-0100", "tel:<PHONE_1>, <PHONE_2>"},
	{"card 4111 1111 1111 1111 ok", "card <CARD_1> ok"},
	{"4111-1111-1111-1111", "<CARD_1>"},
	{"card number: 4111111111111111", "card number: <CARD_1>"},
	{"Amex 378282246310005; 3782 822463 10005", "Amex <CARD_1>; <CARD_2>"},
	{"USER TOKEN: " + webToken + " USER ID: 4d2a46c7-71cb-4cf1-b5bb-b68406d9da6f", "USER TOKEN: <TOKEN_1> USER ID: 4d2a46c7-71cb-4cf1-b5bb-b68406d9da6f"},
	{"got " + webToken + ".", "got <TOKEN_1>."},
	{"Authorization: Bearer abc.DEF-123", "Authorization: Bearer <TOKEN_1>"},
	{`{"Authorization":"Basic dXNlcjpwYXNz"}`, `{"Authorization":"Basic <TOKEN_1>"}`},
	{"with bearer abcdef0123456789 sent", "with bearer <TOKEN_1> sent"},
	{"password=hunter2 x", "password=<PASSWORD_1> x"},
	{"pwd: hunter2, next", "pwd: <PASSWORD_1>, next"},
	{"db.password = 'it is long'", "db.password = '<PASSWORD_1>'"},
	{`{"password":"a\"b","x":1}`, `{"password":"<PASSWORD_1>","x":1}`},
	{`{\"password\":\"hunter2\",\"x\":1}`, `{\"password\":\"<PASSWORD_1>\",\"x\":1}`},
	{`{""secret"":""abc"",""x"":1}`, `{""secret"":""<TOKEN_1>"",""x"":1}`},
	{`"secret":"abc"`, `"secret":"<TOKEN_1>"`},
	{"api_key=abc&x=1", "api_key=<TOKEN_1>&x=1"},
	{"X-Api-Key: abc", "X-Api-Key: <TOKEN_1>"},
	{"?access_token=abc#x", "?access_token=<TOKEN_1>"},
	{"clientSecret=abc accessToken=def token=ghi", "clientSecret=<TOKEN_1> accessToken=<TOKEN_2> token=<TOKEN_3>"},
	{"id " + awsKey + " aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "id <TOKEN_1> aws_secret_access_key = <TOKEN_2>"},
	{"g" + "hp_0123456789abcdefghijABCDEFGHIJ012345 x", "<TOKEN_1> x"},
	{"git" + "hub_pat_11ABCDEFG0abcdefghij_0123456789", "<TOKEN_1>"},
	{"xo" + "xb-1234567890-abcdefghij", "<TOKEN_1>"},
	{"AI" + "zaSyA0123456789abcdefghijklmnopqrstuv", "<TOKEN_1>"},
	{"sk-" + "ant-api03-0123456789abcdef", "<TOKEN_1>"},
	{"https://alice:pw@host/x", "https://<USER_1>:<PASSWORD_1>@host/x"},
	{`https:\/\/alice:p@w@host.example\/x`, `https:\/\/<USER_1>:<PASSWORD_1>@host.example\/x`},
	{"a\n" + pemKey + "\nb", "a\n<KEY_1>\nb"},
	{strings.ReplaceAll(pemKey, "\n", `\n`), "<KEY_1>"},
	{"Failed password for root from 10.1.2.3 port 22 ssh2", "Failed password for <USER_1> from <IP_1> port 22 ssh2"},
	{"Failed password for invalid user web admin from 10.1.2.3", "Failed password for invalid user <USER_1> from <IP_1>"},
	{"input_userauth_request: invalid user admin [preauth]", "input_userauth_request: invalid user <USER_1> [preauth]"},
	{"session opened for user alice(uid=0)", "session opened for user <USER_1>(uid=0)"},
	{"user=alice", "user=<USER_1>"},
	{"user: alice, by alice", "user: <USER_1>, by alice"},
	{"Login request of username: fdse_microservice]", "Login request of username: <USER_1>]"},
	{"logname= ruser= rhost=10.1.2.3 password= hunter2", "logname= ruser= rhost=<IP_1> password= <PASSWORD_1>"},
	{"Invalid user 0101 from 10.1.2.3", "Invalid user <USER_1> from <IP_1>"},
	{`{"log":"x\n10.1.2.3 y\tuser=alice\\nInvalid user bob from \u003ca@b.de\u003e"}`, `{"log":"x\n<IP_1> y\tuser=<USER_1>\\nInvalid user <USER_2> from \u003c<EMAIL_1>\u003e"}`},
	{`?a\u0026password\u003dhunter2\u0026x password%3Dhunter2`, `?a\u0026password\u003d<PASSWORD_1>\u0026x password%3D<PASSWORD_1>`},
	{"user=alice@example.com", "user=<EMAIL_1>"},
}

func TestSecretsAndPersonalDataAreHidden(t *testing.T) {
	t.Parallel()
	for _, tc := range mustHide {
		var p prompt.Pseudonyms
		hidden := p.Hide(tc.text)
		if hidden != tc.want {
			t.Errorf("%q is %q, want %q", tc.text, hidden, tc.want)
		}
		if again := p.Hide(hidden); again != hidden {
			t.Errorf("%q is %q when hidden again", hidden, again)
		}
		if back := p.Reveal(hidden); back != tc.text {
			t.Errorf("%q comes back as %q", tc.text, back)
		}
	}
}

func TestATraceIDSurvives(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"TraceID: 49a51828322183eb20bfe4ace3060000 SpanID: 083e5d40259e7999", "1234567890123456 12345678901234567890123456789012",
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "f3d4d4ef-693b-4456-8eed-59c0d717dd08",
		"commit da39a3ee5e6b4b0d3255bfef95601890afd80709 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"LD-48213377 U1234567 48213377 load 4111111111111111", "order 4111111111111112, tracking 1Z999AA10123456784",
		"2023-01-29T08:48:42.425293566Z 2023-01-29 08:48:42,425 +0100 29/Jan/2023:08:48:42 +0000 08:48:42 12:34:56.789 1674982122425293566",
		"Sun, 29 Jan 2023 08:48:42 GMT; 2023-01-29T08:48:42+02:00; Dec 10 06:55:46", "1.2.3 v1.2.3.4 version 1.2.3.4 version: \"1.2.3.4\"",
		"spring-core-5.3.2.1.jar 1.2.3.4.Final OID 1.3.6.1.4.1.9", "com.fourkites.loads.LoadService$Inner@1b2c3d",
		"at t.s.TravelServiceImpl.getRoute(TravelServiceImpl.java:532)\n\tat java.base/java.lang.Thread.run(Thread.java:829)",
		`File "/app/src/main.py", line 12, in load`, "goroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d", "std::vector a::b Dead::Beef",
		"/var/log/app-2023.01.29.log C:\\Users\\x", "took 1m30s 250ms 1.5s PT5M", "port 8080 :443 localhost:5432", "SCAC: ABFS SCAC=FXFE",
		"ip-10-0-0-1.ec2.internal", "00:1a:2b:3c:4d:5e", "SHA1:aa:bb:cc:dd:ee:ff:00:11:22:33", "lib@1.2.3 left-pad@1.0.jar @Override",
		"user by user id][UserId: 42", "password is wrong; Failed password attempts: 3", "token expired, bearer token is missing, tokens: 15",
		"password=null token=\"\" secret=${SECRET} pwd=****", "io.jsonwebtoken:jjwt:0.9", "the invalid user input", "x + 12345678 +48213377",
		"sk-learn-is-a-library-for-python", "userId=42 user=42 max_tokens=4096 key=value", "https://host/a?b=c@d",
	} {
		var p prompt.Pseudonyms
		if hidden := p.Hide(text); hidden != text {
			t.Errorf("%q is %q", text, hidden)
		}
	}
}

func TestAPlaceholderInTheTextIsNotRevealed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<EMAIL_1> a@b.de":     "[EMAIL_1] <EMAIL_1>",
		"a@b.de <EMAIL_1>":     "<EMAIL_1> [EMAIL_1]",
		"a@b.de EMAIL_1":       "<EMAIL_1> [EMAIL_1]",
		"a@b.de email_1=2":     "<EMAIL_1> [email_1]=2",
		"a@b.de &lt;Email_1":   "<EMAIL_1> &lt;[Email_1]",
		`a@b.de \u003cEMAIL_1`: `<EMAIL_1> \u003c[EMAIL_1]`,
		"a@b.de EMAIL_12 EM_1": "<EMAIL_1> [EMAIL_12] EM_1",
		"a@b.de xEMAIL_1y":     "<EMAIL_1> xEMAIL_1y",
	} {
		var p prompt.Pseudonyms
		hidden := p.Hide(text)
		if hidden != want {
			t.Errorf("%q is %q, want %q", text, hidden, want)
		}
		if back := p.Reveal(hidden); strings.Count(back, "a@b.de") != 1 {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
}

func TestValuesComeBackHoweverTheModelWritesThem(t *testing.T) {
	t.Parallel()
	var p prompt.Pseudonyms
	for i := range 12 {
		p.Hide(fmt.Sprintf("m%d@b.de", i+1))
	}
	for text, want := range map[string]string{
		"EMAIL_1, EMAIL_12": "m1@b.de, m12@b.de", "<email_1>": "m1@b.de", "`Email_2`": "`m2@b.de`", "**EMAIL_3**": "**m3@b.de**",
		"EMAIL_13 EMAIL_0 EMAIL_ EMAIL_1x MYEMAIL_1 A_EMAIL_1": "EMAIL_13 EMAIL_0 EMAIL_ EMAIL_1x MYEMAIL_1 A_EMAIL_1",
		"&lt;EMAIL_1&gt; \\u003cEMAIL_2\\u003e":                "m1@b.de m2@b.de", "[EMAIL_1] [<EMAIL_1>]": "[EMAIL_1] [m1@b.de]",
		"<EMAIL_1><EMAIL_2>": "m1@b.dem2@b.de", "<EMAIL> <IP_1>": "<EMAIL> <IP_1>", "": "",
	} {
		if got := p.Reveal(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := p.Count(); len(got) != 1 || got["EMAIL"] != 12 {
		t.Errorf("%v", got)
	}
}

func TestNamedSecretsAreHiddenInEveryForm(t *testing.T) {
	t.Parallel()
	const secret = "p@ss/wörd +1"
	var p prompt.Pseudonyms
	p.Secrets(secret, "abc", "")
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ToLower(url.QueryEscape(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		if got := p.Hide("x" + form + "y abc"); got != "x<SECRET_1>y abc" {
			t.Errorf("%q is %q", form, got)
		}
	}
	within := base64.StdEncoding.EncodeToString([]byte("user:" + secret))
	if got := p.Hide(within); !strings.Contains(got, "<SECRET_1>") {
		t.Errorf("%q is %q", within, got)
	}
	if got := p.Reveal("secret_1"); got != secret {
		t.Errorf("revealed as %q", got)
	}
	if got := p.Hide(secret + "SECRET_1"); got != "<SECRET_1>[SECRET_1]" {
		t.Errorf("%q", got)
	}
}

func TestBeyondTheBoundThereIsOnlyTheCategory(t *testing.T) {
	t.Parallel()
	var p prompt.Pseudonyms
	var all strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&all, "m%d@b.de ", i)
	}
	p.Hide(all.String())
	if got := p.Hide("new@b.de m99999@b.de"); got != "<EMAIL> <EMAIL_100000>" {
		t.Errorf("%q", got)
	}
	if got := p.Reveal("<EMAIL> EMAIL_100000"); got != "<EMAIL> m99999@b.de" {
		t.Errorf("%q", got)
	}
}

func TestOneValueHasOnePlaceholderInAllGoroutines(t *testing.T) {
	t.Parallel()
	var p prompt.Pseudonyms
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i := range 50 {
				text := fmt.Sprintf("m%d@b.de", i)
				if got := p.Reveal(p.Hide(text)); got != text {
					t.Errorf("%q comes back as %q", text, got)
				}
				p.Secrets("a secret")
				p.Count()
			}
		})
	}
	wait.Wait()
	if got := p.Count()["EMAIL"]; got != 50 {
		t.Errorf("%d placeholders for 50 values", got)
	}
}

func TestHidingALongTextStaysLinear(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"password=\"", "://", "@", "a@", "+1 ", "1.", "a:", "::", "-----BEGIN ", "EMAIL_", "user=", "eyJ", "Bearer ", "secret1 "} {
		var p prompt.Pseudonyms
		p.Secrets("secret1")
		text := strings.Repeat(part, 100_000)
		if back := p.Reveal(p.Hide(text)); back != text {
			t.Errorf("%q does not come back", part)
		}
	}
}

var likePlaceholder = regexp.MustCompile(`(?i)(EMAIL|IP|PHONE|TOKEN|PASSWORD|CARD|KEY|USER|SECRET)_[0-9]`)

func FuzzHideReveal(f *testing.F) {
	for _, tc := range mustHide {
		f.Add(tc.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if likePlaceholder.MatchString(text) {
			t.Skip("looks like a placeholder, which is escaped")
		}
		var p prompt.Pseudonyms
		hidden := p.Hide(text)
		if back := p.Reveal(hidden); back != text {
			t.Errorf("%q is hidden as %q and comes back as %q", text, hidden, back)
		}
		if back := p.Reveal(p.Hide(hidden)); back != text {
			t.Errorf("%q is hidden twice as %q and comes back as %q", text, p.Hide(hidden), back)
		}
	})
}

func BenchmarkHide(b *testing.B) {
	text := benchmarkText()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var p prompt.Pseudonyms
		p.Hide(text)
	}
}
