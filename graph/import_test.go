package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/internal/race"
)

func writer(t testing.TB, server *graphtest.Server) *graph.Client {
	t.Helper()
	config := server.Config()
	config.AllowWrites = true
	return newClient(t, config)
}

// everything is what the graph answers to some questions.
func everything(t *testing.T, c *graph.Client) (all []any) {
	t.Helper()
	for _, cypher := range []string{
		"MATCH (n) RETURN labels(n)[0] AS l, count(n) AS n ORDER BY l",
		"MATCH (a)-[r]->(b) RETURN labels(a)[0] AS a, type(r) AS r, labels(b)[0] AS b, count(r) AS n ORDER BY a, r, b",
		"MATCH (m:Method) RETURN m.name AS name, m.line AS line, m.end AS end, m.service AS service ORDER BY service, name, line",
	} {
		r, err := c.Query(t.Context(), graph.Query{Cypher: cypher})
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range r.All() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, row.Map())
		}
	}
	return all
}

func TestAnImportIsWhatWasExportedAndAgainChangesNothing(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := writer(t, server)
	want := everything(t, c)
	server.Clear()
	first, err := c.Import(t.Context(), bytes.NewReader(graphtest.Example()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, everything(t, c)); diff != "" {
		t.Error(diff)
	}
	second, err := c.Import(t.Context(), bytes.NewReader(graphtest.Example()))
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if diff := cmp.Diff(want, everything(t, c)); diff != "" {
		t.Errorf("again: %s", diff)
	}
}

func TestAnImportNeedsToBeAllowed(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	if _, err := c.Import(t.Context(), bytes.NewReader(graphtest.Example())); !errors.Is(err, base.ErrPermission) || !strings.Contains(err.Error(), "allow_writes") {
		t.Error(err)
	}
	if len(server.Requests()) > 0 {
		t.Error("something was sent")
	}
}

func TestWhatIsWrongWithAnImportIsNamed(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := writer(t, server)
	long := strings.Repeat("x", 4097)
	for text, want := range map[string]string{
		"":                                  "the beginning (at byte 0): the JSON ends early",
		"[]":                                "the beginning (at byte 1): { is expected",
		`{"classes": [{"cl`:                 "classes[0] (at byte 13): the JSON ends early",
		`{"classes": [{"class": 7}]}`:       "classes[0] (at byte 25): class is a number",
		`{"classes": [{"class": "C"}, {}]}`: "classes[1].class: missing",
		`{"classes": [{"class": "C", "methods": [{"name": "m", "line": -1}]}]}`:                  "classes[0].methods[0].line: -1 is no line",
		`{"classes": [{"class": "C", "calls": [{"method": "m"}]}]}`:                              "classes[0].calls[0].to: missing",
		`{"edges": [{"from": "a"}]}`:                                                             "edges[0].to: missing",
		`{"classes": [{"class": "C"}], "repo": "a/b"}`:                                           "repo (at byte",
		`{"classes": [{"class": "C", "calls": [{"method": "m", "to": "#n"}]}]}`:                  "classes[0].calls[0].to: a class or a method is missing",
		`{"classes": [{"class": "C", "calls": [{"method": "m", "to": "D#"}]}]}`:                  "classes[0].calls[0].to: a class or a method is missing",
		`{"classes": [{"class": "C", "methods": [{"name": "m", "line": 9223372036854775808}]}]}`: "methods.line is a number 9223372036854775808",
		`{"classes": [{"class": "C", "methods": [{"name": "m", "line": 2147483648}]}]}`:          "2147483648 is no line",
		`{"classes": [{"class": "C", "methods": [{"name": "m", "line": 1.5}]}]}`:                 "methods.line is a number 1.5",
		`{"classes": [{"class": "` + long + `"}]}`:                                               "classes[0].class: missing, or longer than 4096 bytes",
		`{"classes": [{"class": "C", "path": "` + long + `"}]}`:                                  "classes[0]: its service or its path is longer",
		`{"repo": "` + long + `"}`:                                                               "repo: longer than 4096 bytes",
		`{"services": {"` + long + `": 1}}`:                                                      "services: missing, or longer than 4096 bytes",
		`{"other": ` + strings.Repeat("[", 20_000):                                               "other (at byte 10011): it is nested deeper than 10000",
		`{"classes": [` + strings.Repeat(`{"methods": [`, 20_000):                                "classes[0] (at byte ",
		`{} {}`:           "behind the end",
		`{"services": 7}`: "services (at byte 14): { is expected",
	} {
		if _, err := c.Import(t.Context(), strings.NewReader(text)); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := c.Import(t.Context(), io.MultiReader(strings.NewReader(`{"classes": [`), failing{broken})); !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
}

// repeated gives a text again and again, and then the end.
type repeated struct {
	text string
	left int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.left)], r.text[(len(r.text)-r.left%len(r.text))%len(r.text):])
	r.left -= n
	return n, nil
}

func TestAnImportHoldsNoMoreThanAPartOfTheJSON(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := writer(t, server)
	const size = 100 << 20
	for place, beginning := range map[string]string{
		"classes[0] (at byte": `{"classes": [{"class": "C", "other": "`, "repo (at byte": `{"repo": "`, "other (at byte": `{"other": ["`, "a key (at byte": `{"`,
	} {
		if race.Enabled && place != "repo (at byte" {
			continue
		}
		text := &repeated{strings.Repeat("x", 64<<10), size}
		_, err := c.Import(t.Context(), io.MultiReader(strings.NewReader(beginning), text))
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), place) || !strings.Contains(err.Error(), "longer than 33554432 bytes") {
			t.Errorf("%s: %v", place, err)
		}
		if read := size - text.left; read > 40<<20 {
			t.Errorf("%s: %d bytes were read", place, read)
		}
	}
	skipped := &repeated{`["` + strings.Repeat("x", 1<<20-5) + `"],`, race.Of(40, 36) << 20}
	whole := io.MultiReader(strings.NewReader(`{"other": [`), skipped, strings.NewReader(`0], "services": {"shop": {"other": "x"}}}`))
	if result, err := c.Import(t.Context(), whole); err != nil || result.Services != 1 {
		t.Errorf("what is skipped may be long: %+v, %v", result, err)
	}
}

func TestABatchIsBoundedByItsRowsAndItsBytes(t *testing.T) {
	t.Parallel()
	server := fake(t)
	server.ReplyTo("UNWIND", graphtest.Reply{Type: "w"})
	c := writer(t, server)
	var services, classes []string
	for i := range 2500 {
		services = append(services, fmt.Sprintf(`"s%d": 1`, i))
	}
	for i := range 20 {
		classes = append(classes, fmt.Sprintf(`{"class": "C%d", "other": "%s"}`, i, strings.Repeat("x", 2<<20)))
	}
	for text, batches := range map[string]int{
		`{"services": {` + strings.Join(services, ", ") + `}}`: 3, `{"classes": [` + strings.Join(classes, ", ") + `]}`: 3,
	} {
		if result, err := c.Import(t.Context(), strings.NewReader(text)); err != nil || result.Batches != batches {
			t.Errorf("%.20s: %+v, %v", text, result, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestABatchIsRepeatedOnlyWhileItWasNotCommitted(t *testing.T) {
	t.Parallel()
	const text = `{"services": {"shop": 1}}`
	for name, test := range map[string]struct {
		fail func(*graphtest.Server)
		want error
		runs int
	}{
		"a deadlock":            {func(s *graphtest.Server) { s.Fail(graphtest.Error(graphtest.CodeDeadlock, "in the way"), 1) }, nil, 2},
		"a reset before COMMIT": {func(s *graphtest.Server) { s.Fail(fault.Reset(), 1) }, nil, 2},
		"a cut COMMIT":          {func(s *graphtest.Server) { s.FailCommit(fault.Reset(), 1) }, base.ErrOutcomeUnknown, 1},
		"a refused COMMIT": {func(s *graphtest.Server) {
			s.FailCommit(graphtest.Error("Neo.ClientError.Schema.ConstraintValidationFailed", "no"), 1)
		}, base.ErrInvalid, 1},
	} {
		server := fake(t)
		c := writer(t, server)
		test.fail(server)
		result, err := c.Import(t.Context(), strings.NewReader(text))
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if (err == nil) != (result.Services == 1) {
			t.Errorf("%s: %+v", name, result)
		}
		if runs := len(server.Requests()); runs != test.runs {
			t.Errorf("%s: it was run %d times", name, runs)
		}
	}
}

func TestTracesOfAnySizeAreAnsweredInBounds(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for name, noise := range map[string]string{"binary": strings.Repeat("\x00\xff\x1b[", 3<<20), "words": strings.Repeat("no trace ", 1<<20), "empty": ""} {
		if _, err := c.ResolveFrames(t.Context(), graph.FramesQuery{Trace: noise}); !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	frame := "\tat com.example.shipments.ShipmentService.find(ShipmentService.java:31)\n"
	long := "java.lang.StackOverflowError\n" + strings.Repeat(frame, 10<<20/len(frame))
	found, err := c.ResolveFrames(t.Context(), graph.FramesQuery{Trace: long})
	if !errors.Is(err, base.ErrPartial) || len(found) == 0 || len(found) > 1000 || found[0].Match != code.MatchLine {
		t.Errorf("10 MB: %d frames, %v", len(found), err)
	}
}

func TestACommitThatTheCallerDoesNotWaitForMayHaveHappened(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := writer(t, server)
	server.FailCommit(fault.Silent(), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := c.Import(ctx, strings.NewReader(`{"services": {"shop": 1}}`))
	if e, ok := errors.AsType[*base.Error](err); !ok || !errors.Is(err, base.ErrOutcomeUnknown) || e.Attempts != 1 || !strings.Contains(err.Error(), "COMMIT was sent") {
		t.Error(err)
	}
}
