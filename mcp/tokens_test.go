package mcp_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

// growth is by how much the texts of an endpoint may grow before somebody has to look at them: every model pays for all tools of
// its endpoint in each conversation.
const growth = 0.05

// budget is the tokens of one endpoint; that of all canonical tools is called all.
type budget struct {
	endpoint string
	tokens   int
}

// tokensOf is about what a model is charged for tools: a token for four bytes of name, text and input.
func tokensOf(t *testing.T, tools []tool.Tool) int {
	t.Helper()
	n := 0
	for _, one := range tools {
		input, err := json.Marshal(one.InputSchema())
		if err != nil {
			t.Fatal(err)
		}
		n += (len(one.Name()) + len(one.Description()) + len(input) + 3) / 4
	}
	return n
}

func budgets(t *testing.T, boxes []mcp.Toolbox) []budget {
	t.Helper()
	all := []budget{{endpoint: "all"}}
	for _, box := range boxes {
		all[0].tokens += tokensOf(t, box.Tools())
		all = append(all, budget{box.Name(), tokensOf(t, slices.Concat(box.Tools(), olderOf(box)))})
	}
	return all
}

func TestTokensOfTheCatalogKeepToTheirBudget(t *testing.T) {
	t.Parallel()
	path, now := filepath.Join(catalog, "tokens"), budgets(t, newHouse(t).boxes)
	text, err := os.ReadFile(path)
	if *update {
		text, err = []byte(renewed(string(text), now)), nil
		keep(t, path, text)
	}
	if err != nil {
		t.Fatalf("%v; go test ./mcp -run Catalog -update writes it", err)
	}
	for _, problem := range overruns(string(text), now) {
		t.Error(problem)
	}
}

// kept reads a file of budgets.
func kept(text string) map[string]int {
	all := map[string]int{}
	for line := range strings.Lines(text) {
		var b budget
		if n, err := fmt.Sscanf(line, "%s %d", &b.endpoint, &b.tokens); n == 2 && err == nil {
			all[b.endpoint] = b.tokens
		}
	}
	return all
}

func overruns(text string, now []budget) []string {
	var all []string
	of := kept(text)
	for _, b := range now {
		most, known := of[b.endpoint]
		delete(of, b.endpoint)
		switch {
		case !known:
			all = append(all, b.endpoint+": no budget is kept; -update writes it")
		case float64(b.tokens) > float64(most)*(1+growth):
			all = append(all, fmt.Sprintf("%s: about %d tokens, %.1f %% more than the %d of its budget: shorten names, texts or inputs, or raise it with -update",
				b.endpoint, b.tokens, 100*(float64(b.tokens)/float64(most)-1), most))
		}
	}
	for name := range of {
		all = append(all, name+": there is no such endpoint; -update takes it out")
	}
	return all
}

// renewed is the file with other numbers for what left its bounds, up or down: small steps do not move a budget.
func renewed(text string, now []budget) string {
	var b strings.Builder
	of := kept(text)
	for _, one := range now {
		if most := float64(of[one.endpoint]); float64(one.tokens) <= most*(1+growth) && float64(one.tokens) >= most*(1-growth) {
			one.tokens = of[one.endpoint]
		}
		fmt.Fprintf(&b, "%s %d\n", one.endpoint, one.tokens)
	}
	return b.String()
}

func TestABudgetThatIsOverrunSaysSo(t *testing.T) {
	t.Parallel()
	text := "all 1000\ngraph 100\nold 7\n"
	problems := strings.Join(overruns(text, []budget{{"all", 1050}, {"graph", 106}, {"jira", 5}}), "\n")
	for _, want := range []string{"graph: about 106 tokens, 6.0 % more than the 100", "jira: no budget", "old: there is no such endpoint"} {
		if !strings.Contains(problems, want) {
			t.Errorf("%q is not said: %s", want, problems)
		}
	}
	if strings.Contains(problems, "all:") {
		t.Errorf("5 %% is not more than 5 %%: %s", problems)
	}
	again := renewed(text, []budget{{"all", 1050}, {"graph", 106}, {"jira", 5}})
	if again != "all 1000\ngraph 106\njira 5\n" || len(overruns(again, []budget{{"all", 1050}, {"graph", 106}, {"jira", 5}})) != 0 {
		t.Error(again)
	}
}
