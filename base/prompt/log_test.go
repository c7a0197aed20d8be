package prompt_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/prompt"
	"github.com/fourkites/sources/internal/race"
)

// sshForms are the lines of OpenSSH's log that hold addresses.
var sshForms = []string{
	"Failed password for root from %[1]s port %[3]d ssh2",
	"Failed password for invalid user %[2]s from %[1]s port %[3]d ssh2",
	"Invalid user %[2]s from %[1]s",
	"input_userauth_request: invalid user %[2]s [preauth]",
	"reverse mapping checking getaddrinfo for %[1]s.dynamic-dsl-ip.example.net [%[1]s] failed - POSSIBLE BREAK-IN ATTEMPT!",
	"Received disconnect from %[1]s: 11: Bye Bye [preauth]",
	"Connection closed by %[1]s [preauth]",
	"Connection closed by authenticating user %[2]s %[1]s port %[3]d [preauth]",
	"Did not receive identification string from %[1]s",
	"Accepted password for %[2]s from %[1]s port %[3]d ssh2",
	"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%[1]s  user=%[2]s",
	"PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=%[1]s ",
	"error: Received disconnect from %[1]s: 3: com.jcraft.jsch.JSchException: Auth fail [preauth]",
	"Address %[1]s maps to host.example.net, but this does not map back to the address - POSSIBLE BREAK-IN ATTEMPT!",
	"message repeated 5 times: [ Failed password for root from %[1]s port %[3]d ssh2]",
	"Disconnecting: Too many authentication failures for %[2]s from %[1]s:%[3]d",
}

func TestNoAddressOfAnSSHLogIsLeft(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	want := map[string]bool{}
	for i := range 640 {
		ip := fmt.Sprintf("%d.%d.%d.%d", 1+i%223, i*7%256, i*31%256, i*13%256)
		if i%9 == 0 {
			ip = fmt.Sprintf("2001:db8::%x:%x", i, i+1)
		}
		user := [...]string{"admin", "web admin", "oracle", "0101", "ftp-user"}[i%5]
		line := fmt.Sprintf(sshForms[i%len(sshForms)], ip, user, 1024+i)
		want[ip] = want[ip] || strings.Contains(line, ip)
		fmt.Fprintf(&log, "Dec 10 06:55:%02d LabSZ sshd[%d]: %s\n", i%60, 24200+i, line)
	}
	var p prompt.Pseudonyms
	hidden := p.Hide(log.String())
	for _, word := range strings.FieldsFunc(hidden, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef.:", r) }) {
		if _, err := netip.ParseAddr(strings.Trim(word, ".")); err == nil {
			t.Errorf("the address %s is left", word)
		}
	}
	left := regexp.MustCompile(`\d+\.\d+\.\d+\.\d+`).FindAllString(hidden, -1)
	t.Logf("%d lines, %d raw addresses left, %v", strings.Count(hidden, "\n"), len(left), p.Count())
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if users := p.Count()["USER"]; users != 7 {
		t.Errorf("%d user names, want 7", users)
	}
	for ip, used := range want {
		if used && !strings.Contains(p.Reveal(hidden), ip) {
			t.Errorf("%s does not come back", ip)
		}
	}
	if p.Reveal(hidden) != log.String() {
		t.Error("the log does not come back as it was")
	}
}

// TestIncidentTraceIDsSurvive goes over recorded logs, whose trace ids look like secrets and are none.
func TestIncidentTraceIDsSurvive(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "..", "shared", "data", "incidents", "*", "*_log.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the recorded incidents are not beside the module, in ../shared/data/incidents")
	}
	traceID := regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	var p prompt.Pseudonyms
	all, kept, size, distinct := 0, 0, 0, map[string]bool{}
	for _, file := range files[:race.Of(len(files), 1)] {
		text := unzipped(t, file)
		hidden := p.Hide(prompt.Clean(text))
		before, after := traceID.FindAllString(text, -1), traceID.FindAllString(hidden, -1)
		all, kept, size = all+len(before), kept+len(after), size+len(text)
		for _, id := range before {
			distinct[id] = true
		}
		if strings.Contains(hidden, "eyJhbGciOi") {
			t.Errorf("%s: a web token is left", file)
		}
		if p.Reveal(hidden) != prompt.Clean(text) {
			t.Errorf("%s does not come back", file)
		}
	}
	t.Logf("%d files, %d bytes: %d of %d trace ids survive, %d different ones; hidden: %v", len(files), size, kept, all, len(distinct), p.Count())
	if all == 0 || kept != all {
		t.Errorf("%d of %d trace ids survive", kept, all)
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("no go.mod above the test: the recorded incidents cannot be found")
		}
		dir = parent
	}
}

func unzipped(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
