package llm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

// pair is a failover from one provider to another.
func pair(t *testing.T) (first, second *llmtest.Server, both llm.Failover) {
	t.Helper()
	first, second = started(t), started(t)
	a, b := first.Config(), second.AzureConfig()
	a.Name, b.Name = "anthropic", "azure"
	a.Limits.Retries, b.Limits.Retries = -1, -1
	return first, second, llm.Failover{connected(t, a), connected(t, b)}
}

func TestAnotherModelAnswersAndSaysInWhosePlace(t *testing.T) {
	t.Parallel()
	first, second, both := pair(t)
	second.Reply(nil, llmtest.Reply{Text: "Here."})
	first.Fail(fault.Status(529), 1)
	got, err := llm.Generate(t.Context(), both, ask())
	if err != nil || got.Text != "Here." || got.Provider != "azure" {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(got.Tried) != 1 || got.Tried[0].Provider != "anthropic" || got.Tried[0].Kind != base.KindOverloaded || got.Tried[0].Problem == "" {
		t.Errorf("%+v", got.Tried)
	}
	if diff := cmp.Diff([]string{"azure answered in place of anthropic: overloaded"}, got.Stats.Notes); diff != "" {
		t.Error(diff)
	}
	first.Reply(nil, llmtest.Reply{Text: "Back."})
	if got, err := llm.Generate(t.Context(), both, ask()); err != nil || got.Text != "Back." || len(got.Tried) != 0 || len(got.Stats.Notes) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if both.Name() != "anthropic, else azure" {
		t.Error(both.Name())
	}
}

func TestAnAnswerThatHasBegunIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	first, second, both := pair(t)
	first.Reply(nil, llmtest.Reply{Text: "Well, ", Error: "overloaded_error"})
	got, err := llm.Generate(t.Context(), both, ask())
	if !errors.Is(err, base.ErrPartial) || got.Text != "Well, " || len(second.Requests()) != 0 {
		t.Errorf("%q, %v", got.Text, err)
	}
}

func TestAQuestionThatIsWrongIsNotAskedElsewhere(t *testing.T) {
	t.Parallel()
	first, second, both := pair(t)
	first.Fail(fault.Status(400), 1)
	if _, err := llm.Generate(t.Context(), both, ask()); !errors.Is(err, base.ErrInvalid) || len(second.Requests()) != 0 {
		t.Error(err)
	}
	first.Reply(nil, llmtest.Reply{Stop: llm.StopRefusal})
	if _, err := llm.Generate(t.Context(), both, ask()); !errors.Is(err, base.ErrContentFiltered) || len(second.Requests()) != 0 {
		t.Error(err)
	}
	if _, err := llm.Generate(t.Context(), llm.Failover{}, ask()); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}

func TestAModelThatHangsLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	first, second, both := pair(t)
	first.Fail(fault.Silent(), 1)
	second.Reply(nil, llmtest.Reply{Text: "In time."})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if got, err := llm.Generate(ctx, both, ask()); err != nil || got.Text != "In time." {
		t.Errorf("%q, %v", got.Text, err)
	}
}

func TestTheErrorOfAllIsThatOfEach(t *testing.T) {
	t.Parallel()
	first, second, both := pair(t)
	first.Fail(fault.Status(529), 1)
	second.Fail(fault.Status(403), 1)
	_, err := llm.Generate(t.Context(), both, ask())
	if !errors.Is(err, base.ErrOverloaded) || !errors.Is(err, base.ErrPermission) || !strings.Contains(err.Error(), "azure") {
		t.Error(err)
	}
}
