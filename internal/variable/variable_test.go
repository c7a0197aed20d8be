package variable_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

func TestThePrefixOfASecondInstanceIsKnown(t *testing.T) {
	t.Parallel()
	none := base.EnvMap(nil)
	if got := variable.Prefix(t.Context(), []base.EnvOption{none, base.EnvPrefix("SECOND_")}); got != "SECOND_" {
		t.Errorf("%q", got)
	}
	if got := variable.Prefix(t.Context(), []base.EnvOption{none}); got != "" {
		t.Errorf("%q without one", got)
	}
}

func TestJoinedErrorsAreTakenApart(t *testing.T) {
	t.Parallel()
	one, two, three := errors.New("one"), errors.New("two"), errors.New("three")
	got := variable.Problems(errors.Join(one, nil, errors.Join(two, three)))
	if len(got) != 3 || !errors.Is(got[0], one) || !errors.Is(got[2], three) || variable.Problems(nil) != nil {
		t.Errorf("%v", got)
	}
}

func TestEverythingThatIsWrongIsOneErrorOnOneLine(t *testing.T) {
	t.Parallel()
	cause := errors.New("token: missing")
	err := variable.Invalid("shop", "New", errors.Join(errors.New("server: missing"), cause))
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != base.KindInvalid || e.Source != "shop" || e.Op != "New" || e.Sent != base.NotSent || !errors.Is(err, cause) {
		t.Errorf("%+v", e)
	}
	if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, "server: missing; token: missing") {
		t.Errorf("%q", text)
	}
}
