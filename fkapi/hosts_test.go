package fkapi_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/loopback"
)

func speaks(banner string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Write([]byte(banner))
		loopback.Mute(c)
	}
}

func TestAHostThatIsNotTheServiceIsNamedWithWhatToChange(t *testing.T) {
	t.Parallel()
	nobody := loopback.Nobody(t)
	silent, ssh := loopback.Serve(t, speaks("")), loopback.Serve(t, speaks("SSH-2.0-OpenSSH_9.9\r\n"))
	unresolved := base.WithDialer(func(_ context.Context, _, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	})
	for name, tc := range map[string]struct {
		url   string
		opts  []base.Option
		kinds []base.Kind
		says  string // what is named, then what to change
	}{
		"does not resolve":         {"https://no-such-host.example.com", []base.Option{unresolved}, []base.Kind{base.KindInvalid}, "no-such-host.example.com|check the host"},
		"nobody listens":           {"http://" + nobody, nil, []base.Kind{base.KindUnavailable}, nobody + "|check host and port"},
		"silent":                   {"http://" + silent, nil, []base.Kind{base.KindAttemptTimeout}, silent + "|check the host and the port"},
		"silent, with TLS":         {"https://" + silent, nil, []base.Kind{base.KindAttemptTimeout}, silent + "|check the host and the port"},
		"speaks another protocol":  {"http://" + ssh, nil, []base.Kind{base.KindProtocol}, ssh + "|check the scheme"},
		"another one behind https": {"https://" + ssh, nil, []base.Kind{base.KindProtocol}, ssh + "|check the scheme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newServer(t).Config()
			c.TrackingURL, c.CompanyURL = tc.url, tc.url
			c.Limits = base.Limits{Retries: -1, Attempt: base.Duration(400 * time.Millisecond)}
			trackingClient, err := fkapi.NewTracking(t.Context(), c, tc.opts...)
			if err != nil {
				t.Fatal(err)
			}
			companyClient, err := fkapi.NewCompany(t.Context(), c, tc.opts...)
			if err != nil {
				t.Fatal(err)
			}
			_, first := trackingClient.Load(bounded(t), "1")
			_, second := companyClient.CheckNetwork(bounded(t), "acme", "swift")
			for _, err := range []error{first, second, trackingClient.Ping(bounded(t)), companyClient.Ping(bounded(t))} {
				wantKind(t, err, tc.kinds[0])
				for part := range strings.SplitSeq(tc.says, "|") {
					if err == nil || !strings.Contains(err.Error(), part) {
						t.Errorf("%q is not in: %v", part, err)
					}
				}
			}
			for _, client := range []base.Client{trackingClient, companyClient} {
				if h := client.Health(); h.State == base.Ready {
					t.Errorf("%s is %s", client.Name(), h.State)
				}
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
