package main

import (
	"strings"
	"testing"
)

func TestWrongFlagsAreNamed(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-cas x":                            "flag provided but not defined: -cas; did you mean -case?",
		"-fromat json":                      "flag provided but not defined: -fromat; did you mean -format?",
		"-verbose":                          "flag provided but not defined: -verbose\n",
		"-timeout 5":                        `invalid value "5" for flag -timeout: write it with a unit, such as 5s`,
		"-load LPX20417735":                 `-load "LPX20417735": not a tracking id`,
		"-load=":                            "-load: the value is empty",
		"-load 1 -case x":                   "-load and -case: a real load and a recording are two questions",
		"-load 1 -truth x":                  "-truth needs -case",
		"-timeout soon":                     `invalid value "soon" for flag -timeout`,
		"-timeout -1s":                      "-timeout -1s: must be above zero",
		"-format xml":                       `-format "xml": write markdown or json`,
		"C1":                                `"C1": not a flag; did you mean -case C1?`,
		"-truth x":                          "-truth needs -case",
		"-baseline x":                       "-baseline needs -case",
		"-clickhouse h:1":                   "-clickhouse needs -case",
		"-case=":                            "-case: the value is empty",
		"-case x -baseline ./x":             "-baseline ./x is the case itself",
		"-case x -clickhouse h":             `-clickhouse "h": there is no port`,
		"-case x -clickhouse h:0":           "the port is not a number from 1 to 65535",
		"-case x -clickhouse :9000":         "there is no host",
		"-case x -clickhouse http://h:8123": "this is a URL; write HOST:PORT",
		"-format xml -truth x":              "-truth needs -case", // both are told
	} {
		got := try(t, t.Context(), strings.Fields(args)...)
		if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "investigate -h") {
			t.Errorf("%s: exit %d, %q", args, got.code, got.stderr)
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), "-h")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit %d, %q", got.code, got.stderr)
	}
	for _, name := range []string{"-format", "-load", "FK_API_SECRET", "COMPANY_API_BASE_URL", "CLICKHOUSE_HOST", "go doc ./examples/investigate", "-case", "-baseline", "-truth", "-clickhouse", "-timeout", "CLICKHOUSE_PASSWORD", "Exit code"} {
		if !strings.Contains(got.stdout, name) {
			t.Errorf("no %s in\n%s", name, got.stdout)
		}
	}
}
