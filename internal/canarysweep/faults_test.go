package canarysweep_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// echoes are the texts in which a server says the secrets that it was shown.
func echoes(user string, secrets []string) []string {
	var all []string
	for _, s := range secrets {
		inJSON, _ := json.Marshal(s)
		var plain strings.Builder
		e := json.NewEncoder(&plain)
		e.SetEscapeHTML(false)
		_ = e.Encode(map[string]string{"password": s})
		for _, form := range []string{
			s, "Authorization: Bearer " + s, "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+s)),
			string(inJSON), plain.String(), url.QueryEscape(s), url.PathEscape(s), "https://" + url.UserPassword(user, s).String() + "@host/",
			html.EscapeString(s), hex.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)), fmt.Sprintf("%q", s),
		} {
			all = append(all, "refused: "+form+" is wrong")
		}
		for _, before := range []int{200, 585, 1010, 4080, 8180, 65520} { // where texts are cut
			all = append(all, strings.Repeat("x", before)+" "+s+" is wrong")
		}
	}
	return all
}

// stalls are faults that last until the client gives up.
func stalls() []fault.Fault {
	return []fault.Fault{
		fault.Silent(), fault.Silent().OnConnect(), fault.IgnoreCancel(), fault.Slow(1, 20*time.Millisecond), fault.Oversized(),
	}
}

// breaks are faults without words.
func breaks() []fault.Fault {
	return []fault.Fault{
		fault.Refuse(), fault.Reset(), fault.Cut(20), fault.CutMidBody(), fault.ResetMidBody(), fault.Delay(time.Millisecond), fault.Garbage(),
		fault.Garbage().OnConnect(), fault.HostileLength(), fault.CorruptCompression(), fault.Bomb(), fault.MalformedBlock(), fault.WrongPassword(),
		fault.RetryAfter("1"),
	}
}

// speaks are faults with the words of the server: each as an error of the source's own, and as one of six other answers,
// which turn from source to source.
func speaks(turn int, echo []string, codes []int) []fault.Fault {
	all := []fault.Fault{fault.WrongPassword().WithMessage(echo[0])}
	for i, text := range echo {
		status := []int{400, 401, 403, 404, 409, 422, 429, 500, 502, 503}[i%10]
		named := fault.Status(status, "Content-Type", "application/json", "X-Request-Id", text, "WWW-Authenticate", "Bearer error="+text, "Retry-After", text)
		words := []fault.Fault{
			fault.Status(status).WithMessage(text),
			named.WithMessage(`{"message":` + quoted(text) + `,"error":{"type":"x","code":"x","message":` + quoted(text) + `},"errorMessages":[` + quoted(text) + `]}`),
			fault.ErrorAfter(1, codes[(i+1)%len(codes)], text),
			fault.Status(200, "Content-Type", "application/json").WithMessage(text),
			fault.Status(302, "Location", "https://elsewhere.example.com/?q="+strings.NewReplacer("\n", "", "\r", "").Replace(text)),
			fault.Status(200, "Content-Type", "text/html").WithMessage("<html>" + text),
		}
		all = append(all, fault.Error(codes[i%len(codes)], text), words[(i+turn)%len(words)])
	}
	return all
}

func quoted(s string) string {
	text, _ := json.Marshal(s) // a string has a JSON form
	return string(text)
}

func TestEveryKindOfFaultIsPlanned(t *testing.T) {
	t.Parallel()
	planned := map[fault.Kind]bool{fault.KindNone: true}
	for _, f := range append(append(stalls(), breaks()...), speaks(0, []string{"x"}, []int{1})...) {
		planned[f.Kind] = true
	}
	for k := fault.Kind(0); !strings.HasPrefix(k.String(), "kind "); k++ {
		if !planned[k] {
			t.Errorf("no fault of kind %s is planned", k)
		}
	}
}
