package script_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/script"
)

type turn = script.Turn[string]

// answers are the replies to so many requests of the same text, a dash where there is none.
func answers(s *script.Script[string, string], request string, n int) string {
	var all []string
	for range n {
		reply, ok := s.Next(request)
		if !ok {
			reply = "-"
		}
		all = append(all, reply)
	}
	return strings.Join(all, " ")
}

func TestRepliesAreUsedInTheirTurn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		turns []turn
		want  string
	}{
		"none":                           {nil, "- - - -"},
		"one stays":                      {[]turn{{"a", 0}}, "a a a a"},
		"a negative number stays too":    {[]turn{{"a", -1}}, "a a a a"},
		"one that counts":                {[]turn{{"a", 2}}, "a a - -"},
		"the last of several stays":      {[]turn{{"a", 0}, {"b", 0}}, "a b b b"},
		"each as often as it says":       {[]turn{{"a", 2}, {"b", 1}}, "a a b -"},
		"one that counts before another": {[]turn{{"a", 2}, {"b", -1}}, "a a b b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s script.Script[string, string]
			s.Add(nil, tc.turns...)
			if diff := cmp.Diff(tc.want, answers(&s, "x", 4)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheReplyAddedLastIsUsedAndTheOneBeforeItAfterwards(t *testing.T) {
	t.Parallel()
	var s script.Script[string, string]
	has := func(text string) func(string) bool { return func(r string) bool { return strings.Contains(r, text) } }
	s.Add(nil, turn{"any", 0})
	s.Add(has("x"), turn{"x", 0})
	s.Add(has("xy"), turn{"xy", 1})
	if got := answers(&s, "xy", 2) + " " + answers(&s, "y", 1); got != "xy x any" {
		t.Error(got)
	}
	s.Clear()
	if got := answers(&s, "xy", 1); got != "-" {
		t.Error(got)
	}
}

func TestAPeekUsesNothing(t *testing.T) {
	t.Parallel()
	var s script.Script[string, string]
	s.Add(nil, turn{"a", 1})
	for range 3 {
		if reply, ok := s.Peek("x"); reply != "a" || !ok {
			t.Errorf("%q, %t", reply, ok)
		}
	}
	if got := answers(&s, "x", 2); got != "a -" {
		t.Error(got)
	}
	if _, ok := s.Peek("x"); ok {
		t.Error("a reply that was used up is there")
	}
}

func TestManyRequestsAtOnceUseEachTurnAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	const times = 50
	var s script.Script[int, string]
	s.Add(nil, script.Turn[string]{Reply: "old"})
	s.Add(nil, script.Turn[string]{Reply: "a", Times: times}, script.Turn[string]{Reply: "b", Times: times})
	var mu sync.Mutex
	got := map[string]int{}
	var all sync.WaitGroup
	for i := range 3 * times {
		all.Go(func() {
			reply, _ := s.Next(i)
			mu.Lock()
			defer mu.Unlock()
			got[reply]++
		})
	}
	all.Wait()
	if diff := cmp.Diff(map[string]int{"a": times, "b": times, "old": times}, got); diff != "" {
		t.Error(diff)
	}
}
