package rest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// The proxy is on this machine, and so would take every link.
func TestALinkToThisMachineOrToCredentialsIsNotGivenToAProxy(t *testing.T) {
	t.Parallel()
	proxy := serve(t, ok)
	for link, refused := range map[string]bool{
		"http://127.0.0.1/x": true, "http://[::1]/x": true, "http://[::ffff:127.0.0.1]/x": true, "http://169.254.169.254/latest/meta-data": true,
		"http://[fd00:ec2::254]/x": true, "http://0.0.0.0/x": true, "http://localhost/x": true, "http://LOCALHOST./x": true, "http://a.localhost/x": true,
		"http://127.1/x": true, "http://0x7f000001/x": true, "http://2130706433/x": true, "http://169.254.43518/x": true,
		"http://storage.example.com/x": false, "http://192.0.2.7/x": false, "http://10.0.0.7/x": false, "http://1.example.com/x": false, "http://3rd-storage/x": false,
	} {
		before := proxy.calls()
		c := clientOf(t, "http://source.example.com", func(c *rest.Config) { c.Proxy = proxy.URL })
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Foreign: u})
		if (base.KindOf(err) == base.KindProtocol) != refused || (err == nil) == refused || (proxy.calls() == before) != refused {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestAServiceOnThisMachineMayLeadToThisMachineAlone(t *testing.T) {
	t.Parallel()
	service, storage := serve(t, ok), serve(t, ok)
	c := clientOf(t, service.URL, func(c *rest.Config) { c.Proxy = "none" })
	there, err := url.Parse(storage.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Foreign: there}); err != nil {
		t.Error(err)
	}
	metadata := &url.URL{Scheme: "http", Host: "169.254.169.254", Path: "/latest/meta-data"}
	_, err = c.Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Foreign: metadata})
	failed(t, err, base.KindProtocol)
}
