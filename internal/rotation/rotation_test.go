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

// turn is a way of rotating.
type turn struct {
	title string
	store func() store
}

var (
	switched = turn{"one credential", func() store { return newHeld(oneUser, false) }}
	doubled  = turn{"two credentials overlap", func() store { return newHeld(oneUser, true) }}
	leasing  = turn{"credentials with an end", func() store { return newLeased(oneUser) }}
	paired   = turn{"two users overlap", func() store { return newHeld(twoUsers, true) }}
	leasedTo = turn{"users with an end", func() store { return newLeased(twoUsers) }}
)

// turns are the ways in which the credential of a source can be turned: an account of a database has one password at a time.
func turns(source string) []turn {
	switch source {
	case "clickhouse", "clickhouse writes", "redshift":
		return []turn{switched, paired, leasedTo}
	case "graph", "trino":
		return []turn{switched, doubled, paired, leasedTo}
	case "athena", "github", "fkapi tracking":
		return []turn{switched, doubled, leasing}
	}
	return []turn{switched, doubled} // their way of showing a credential is that of github
}

func TestARotationUnderLoadCostsNoCall(t *testing.T) {
	t.Run("fakes", func(t *testing.T) {
		for name, start := range fakes() {
			for _, turn := range turns(name) {
				t.Run(name+", "+turn.title, func(t *testing.T) {
					t.Parallel()
					endures(t, turn.title, turn.store(), start)
				})
			}
		}
	})
	t.Logf("rotation under load:\n%s", results.table())
}
