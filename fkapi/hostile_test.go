package fkapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func TestHostileJSONIsReadOrRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_000)
	server := newServer(t)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Breaker.Ratio = -1 })
	for name, tc := range map[string]struct {
		body string
		kind base.Kind
	}{
		"20,000 levels deep":    {`{"load":{"id":1,"x":` + deep + `}}`, base.KindProtocol},
		"two documents":         {`{"load":{"id":1}}{"load":{"id":1}}`, base.KindProtocol},
		"a bare NaN":            {`{"load":{"id":1,"latitude":NaN}}`, base.KindProtocol},
		"a byte order mark":     {"\uFEFF" + `{"load":{"id":1}}`, base.KindProtocol},
		"a control character":   {"{\"load\":{\"id\":1,\"loadNumber\":\"a\x01\"}}", base.KindProtocol},
		"9 levels deep":         {`{"load":{"id":1,"x":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}`, base.KindUnknown},
		"a huge number":         {`{"load":{"id":1,"sequence":1e400,"x":1e999999}}`, base.KindUnknown},
		"the same key twice":    {`{"load":{"id":2,"id":1}}`, base.KindUnknown},
		"a lone surrogate":      {`{"load":{"id":1,"loadNumber":"\ud800","x":"\udfff"}}`, base.KindUnknown},
		"invalid UTF-8":         {"{\"load\":{\"id\":1,\"loadNumber\":\"\xff\",\"x\":\"\xff\",\"stops\":[{\"y\":\"\xff\"}]}}", base.KindUnknown},
		"null everywhere":       {`{"load":{"id":1,"stops":[],"shipper":null,"trackingStatus":null,"origin":null}}`, base.KindUnknown},
		"wrong types all over":  {`{"load":{"id":1,"stops":7,"shipper":[1],"trackingStatus":"x","origin":[],"referenceNumbers":{"a":1},"createdAt":{}}}`, base.KindUnknown},
		"names of our encoding": {`{"load":{"id":1,"extras":{"loadNumber":"EVIL"},"notes":["not ours"]}}`, base.KindUnknown},
	} {
		server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: tc.body})
		l, err := client.Load(bounded(t), "1")
		wantKind(t, err, tc.kind)
		if err != nil {
			continue
		}
		encoded, err := json.Marshal(l)
		if err != nil || l.ID != "1" || !utf8.Valid(encoded) {
			t.Errorf("%s: %q, %v", name, encoded, err)
		}
		var again fkapi.Load
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(l, again); diff != "" {
			t.Errorf("%s does not survive its encoding: %s", name, diff)
		}
	}
}

func TestFieldsNamedAsOursStayTheServices(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"load":{"id":1,"extras":{"loadNumber":"EVIL"},"notes":["trust me"],"shipper":{"id":"acme","extras":{"name":"Evil"}}}}`})
	l, err := tracking(t, server, nil).Load(bounded(t), "1")
	if err != nil || l.LoadNumber != "" || len(l.Notes) != 0 || l.Shipper.Name != "" {
		t.Errorf("%+v, %v", l, err)
	}
	if string(l.Extras["notes"]) != `["trust me"]` || string(l.Extras["extras"]) != `{"loadNumber":"EVIL"}` {
		t.Errorf("extras %s", l.Extras)
	}
}

func TestWhatIsNoNumberIsKept(t *testing.T) {
	t.Parallel()
	l := decode(t, `{"id":1,"stops":[{"sequence":1.5,"latitude":91},{"sequence":9007199254740994,"longitude":"-181"},{"sequence":"2"}]}`)
	for i, want := range []map[string]json.RawMessage{
		{"sequence": json.RawMessage(`1.5`), "latitude": json.RawMessage(`91`)},
		{"sequence": json.RawMessage(`9007199254740994`), "longitude": json.RawMessage(`"-181"`)},
		nil,
	} {
		if diff := cmp.Diff(want, l.Stops[i].Extras); diff != "" {
			t.Error(diff)
		}
	}
	if len(l.Notes) != 4 {
		t.Errorf("notes %v", l.Notes)
	}
}

func TestARefusalInsideA200IsRetriedAndTyped(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, nil)
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"statusCode":503,"message":"busy"}`}, fkapitest.Reply{Body: `{"load":{"id":1}}`})
	if _, err := client.Load(bounded(t), "1"); err != nil || len(server.Requests()) != 2 {
		t.Errorf("%d requests, %v", len(server.Requests()), err)
	}
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"statusCode":"404","message":"none"}`})
	_, err := client.Load(bounded(t), "1")
	wantKind(t, err, base.KindNotFound)
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"statusCode":302,"load":{"id":1}}`})
	if _, err := client.Load(bounded(t), "1"); err != nil {
		t.Errorf("a status that is no refusal: %v", err)
	}
}

func TestEveryRefusalIsAServerErrorWithItsWords(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Retries, c.Limits.Breaker.Ratio = -1, -1 })
	for status, kind := range map[int]base.Kind{
		400: base.KindInvalid, 403: base.KindPermission, 404: base.KindNotFound, 409: base.KindConflict, 413: base.KindTooLarge, 422: base.KindInvalid,
		429: base.KindThrottled, 500: base.KindUnavailable, 503: base.KindUnavailable, 501: base.KindInternal,
	} {
		for body, words := range map[string]string{
			`{"message":"no such thing"}`: "no such thing", `{"error":{"message":"deep","code":"E7"}}`: "deep", `{"errors":["one","two"]}`: "one; two",
		} {
			server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Status: status, Body: body})
			_, err := client.Load(bounded(t), "1")
			wantKind(t, err, kind)
			refused, ok := errors.AsType[*fkapi.ServerError](err)
			if !ok || refused.Status != status || refused.Message != words || !refused.JSON || !strings.Contains(fmt.Sprint(err), words) {
				t.Errorf("%d %s: %+v of %v", status, body, refused, err)
			}
		}
	}
}

func TestAPingWantsAnAnswerInTheServicesForm(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	trackingClient, companyClient := tracking(t, server, nil), company(t, server)
	for name, ping := range map[string]func() error{
		"tracking": func() error { return trackingClient.Ping(bounded(t)) }, "company": func() error { return companyClient.Ping(bounded(t)) },
	} {
		if err := ping(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range []fault.Fault{
			fault.Status(200).WithMessage("<html>sign in</html>"), fault.Status(404, "Content-Type", "text/html").WithMessage("<html>404</html>"),
			fault.Status(200, "Content-Type", "application/json").WithMessage(`{"status":"up"}`), fault.Status(401), fault.Status(403), fault.Status(500),
		} {
			server.Fail(f, -1)
			if err := ping(); err == nil {
				t.Errorf("%s: content with %s", name, f)
			}
			server.ClearFaults()
		}
	}
}

func TestRelationshipsWithoutAnIDAreToldApart(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/companies/acme/relationships", fkapitest.Reply{Body: `{"relationships":[
		{"active":false,"targetCompany":{"permalink":"swift"}},{"active":true,"status":"live","allowTracking":true,"targetCompany":{"permalink":"swift"}}]}`})
	n, err := company(t, server).CheckNetwork(bounded(t), "acme", "swift")
	if err != nil || n.Verdict != fkapi.RelationshipOK || n.Others != 1 {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestNotManyLoadsOfOneNumberAreNamed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for range 50 {
		server.AddLoad(fkapi.Load{LoadNumber: "N", CreatedAt: created})
	}
	l, err := tracking(t, server, nil).LoadByNumber(bounded(t), "N", "")
	if err != nil || len(l.Notes) != 11 || !strings.Contains(l.Notes[10], "39 more") {
		t.Errorf("%v, %v", l.Notes, err)
	}
}
