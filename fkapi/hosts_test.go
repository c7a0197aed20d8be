package fkapi_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
)

// peer gives each connection to a function of the test.
func peer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c) // ends with the connection
		}
	}()
	return l.Addr().String()
}

func speaks(banner string) func(net.Conn) {
	return func(c net.Conn) {
		defer func() { _ = c.Close() }()
		_, _ = c.Write([]byte(banner))
		for b := make([]byte, 512); ; {
			if _, err := c.Read(b); err != nil {
				return
			}
		}
	}
}

func TestAHostThatIsNotTheServiceIsNamedWithWhatToChange(t *testing.T) {
	t.Parallel()
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	silent, ssh := peer(t, speaks("")), peer(t, speaks("SSH-2.0-OpenSSH_9.9\r\n"))
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
