package command_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/command"
)

func TestProgressIsOneLineForEachThing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := command.NewProgress(&b)
	p.Tell("Demo.")
	p.Say("asked\nfor %d\x1b[31m", 7)
	if !regexp.MustCompile(`^Demo\.\n +0\.\ds  asked for 7\[31m\n$`).MatchString(b.String()) {
		t.Errorf("%q", b.String())
	}
}

func TestTheFlagThatWasMeantIsNamed(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-fromat": "flag provided but not defined: -fromat; did you mean -format?", "-x": "flag provided but not defined: -x",
		"-format": "flag needs an argument: -format",
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		flags.String("format", "", "")
		flags.String("timeout", "", "")
		if err := command.WithNearest(flags, flags.Parse([]string{args})); err.Error() != want {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestAVariableThatIsEmptyIsNotSet(t *testing.T) {
	env := map[string]string{"TRINO_HOST": "", "REDSHIFT_HOST": "h"}
	if command.AnyOf(env, []string{"TRINO_"}) || !command.AnyOf(env, []string{"TRINO_", "REDSHIFT_"}) {
		t.Error(env)
	}
	t.Setenv("COMMAND_TEST_VALUE", "a=b")
	if got := command.Environment()["COMMAND_TEST_VALUE"]; got != "a=b" {
		t.Errorf("%q", got)
	}
}

func TestAnExitCodeSaysWhoseFaultItIs(t *testing.T) {
	t.Parallel()
	wrong := command.UsageError{Err: errors.New("TRINO_HOST: missing\x1b[31m")}
	over, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	left, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx  context.Context
		err  error
		code int
		want string
	}{
		"done":        {t.Context(), nil, command.Done, ""},
		"misused":     {t.Context(), fmt.Errorf("x: %w", wrong), command.Misused, "p: TRINO_HOST: missing[31m\nRun p -h for the flags and variables.\n"},
		"failed":      {t.Context(), errors.New("noise: down"), command.Failed, "p: down\n"},
		"time over":   {over, errors.New("down"), command.Failed, "p: not done within 3s; give more time with -timeout: down\n"},
		"interrupted": {left, errors.New("down"), command.Failed, "p: interrupted: down\n"},
	} {
		var stdout, stderr bytes.Buffer
		p := command.Program{Name: "p", Omit: "noise: ", Stdout: &stdout, Stderr: &stderr}
		if code := p.End(test.ctx, 3*time.Second, test.err); code != test.code || stdout.String() != "" || stderr.String() != test.want {
			t.Errorf("%s: exit %d, %q, %q", name, code, stdout.String(), stderr.String())
		}
	}
}
