package rotation_test

import (
	"testing"

	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/llm/llmtest"
)

func TestMain(m *testing.M) { engines.Main(m) }

var results board

// fakes are the sources with their fakes, in the order of the table.
func fakes() map[string]func(*testing.T, store) *subject {
	return map[string]func(*testing.T, store) *subject{
		"clickhouse": clickhouseFake, "clickhouse writes": clickhouseWriter, "redshift": redshiftFake, "trino": trinoFake,
		"athena": athenaFake, "github": githubFake, "graph": graphFake, "jira": jiraFake, "confluence": confluenceFake,
		"fkapi tracking": trackingFake, "fkapi company": companyFake,
		"llm Anthropic": llmFake("llm, Anthropic", (*llmtest.Server).Config), "llm Azure": llmFake("llm, Azure", (*llmtest.Server).AzureConfig),
	}
}

const (
	titleSwitch  = "one credential"
	titleOverlap = "two credentials overlap"
	titleLeased  = "credentials with an end"
)

// single are the sources whose account has one password at a time.
var single = map[string]bool{"clickhouse": true, "clickhouse writes": true, "redshift": true}

func TestARotationUnderLoadCostsNoCall(t *testing.T) {
	t.Run("fakes", func(t *testing.T) {
		for name, start := range fakes() {
			t.Run(name+", "+titleSwitch, func(t *testing.T) {
				t.Parallel()
				endures(t, titleSwitch, newHeld(oneUser, false), start)
			})
			if single[name] {
				continue
			}
			t.Run(name+", "+titleOverlap, func(t *testing.T) {
				t.Parallel()
				endures(t, titleOverlap, newHeld(oneUser, true), start)
			})
			t.Run(name+", "+titleLeased, func(t *testing.T) {
				t.Parallel()
				endures(t, titleLeased, newLeased(oneUser), start)
			})
		}
	})
	t.Logf("rotation under load:\n%s", results.table())
}
