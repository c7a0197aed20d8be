package mcp_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/mcp"
)

func TestACallerThatDoesNotReadHoldsNoPlaceOfOthers(t *testing.T) {
	t.Parallel()
	d := newDemo()
	_, url := serving(t, mcp.ServerConfig{MaxCalls: 1, Progress: base.Duration(time.Millisecond), CallTimeout: base.Duration(time.Second)}, d)
	_, _, header := knock(t, url, nil)
	host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/mcp")
	caller, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = caller.Close() })
	// Each word of progress repeats the token, which soon fills what is between the two.
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"demo_get_slow","arguments":{},"_meta":{"progressToken":"%s"}}}`,
		strings.Repeat("x", 900_000))
	_, err = fmt.Fprintf(caller, "POST /mcp HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"+
		"Mcp-Session-Id: %s\r\nContent-Length: %d\r\n\r\n%s", host, header.Get("Mcp-Session-Id"), len(body), body)
	if err != nil {
		t.Fatal(err)
	}
	<-d.began
	if cause := <-d.ended; cause == nil {
		t.Error("the call was not cut")
	}
	other := dialled(t, mcp.ClientConfig{URL: url})
	eventually(t, "another call runs", func() bool {
		_, err := mcp.Call(t.Context(), other, echo, echoInput{})
		return err == nil
	})
}

func TestAnIDInAnotherSpellingDoesNotHoldTheEndBack(t *testing.T) {
	t.Parallel()
	for _, id := range []string{`"\u0061"`, `"\u00e9"`, `"<\/>"`, `7`} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		in := greetingBody + "\n" + `{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n" + `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/list"}` + "\n"
		var out bytes.Buffer
		err := server(t, mcp.ServerConfig{}, newDemo()).ServeStdio(ctx, "", strings.NewReader(in), &out)
		if err != nil || ctx.Err() != nil || !strings.Contains(out.String(), "demo_get_echo") {
			t.Errorf("%s: %v %v", id, err, ctx.Err())
		}
		cancel()
	}
}
