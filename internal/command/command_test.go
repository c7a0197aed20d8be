package command_test

import (
	"bytes"
	"flag"
	"io"
	"regexp"
	"testing"

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
