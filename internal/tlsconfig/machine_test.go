package tlsconfig_test

import (
	"testing"

	"github.com/fourkites/sources/internal/tlsconfig"
)

func TestOnlyLoopbackIsThisMachine(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true,
		"": false, "0.0.0.0": false, "10.0.0.1": false, "localhost.example.com": false, "127.0.0.1.example.com": false,
	} {
		if got := tlsconfig.OnThisMachine(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
