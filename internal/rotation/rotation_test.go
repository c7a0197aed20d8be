package rotation_test

import (
	"testing"

	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/llm/llmtest"
)

func TestMain(m *testing.M) { engines.Main(m) }

var results board

// fakes are the sources with their fakes, in the order of the table.
func fakes() map[string]starter {
	return map[string]starter{
		"clickhouse": clickhouseFake, "clickhouse writes": clickhouseWriter, "redshift": redshiftFake, "trino": trinoFake,
		"athena": athenaFake, "github": githubFake, "graph": graphFake, "jira": jiraFake, "confluence": confluenceFake,
		"fkapi tracking": trackingFake, "fkapi company": companyFake,
		"llm Anthropic": llmFake("llm, Anthropic", (*llmtest.Server).Config), "llm Azure": llmFake("llm, Azure", (*llmtest.Server).AzureConfig),
	}
}

var alone, inPairs = account{name: "rotating"}, account{name: "rotating", paired: true}

// turn is a way of rotating.
type turn struct {
	title string
	store func() store
}

var (
	switched = turn{"one credential", func() store { return newHeld(alone, false) }}
	doubled  = turn{"two credentials overlap", func() store { return newHeld(alone, true) }}
	leasing  = turn{"credentials with an end", func() store { return newLeased(alone) }}
	paired   = turn{"two users overlap", func() store { return newHeld(inPairs, true) }}
	leasedTo = turn{"users with an end", func() store { return newLeased(inPairs) }}
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
	t.Run("engines", func(t *testing.T) {
		for title, row := range reals() {
			t.Run(title, func(t *testing.T) {
				t.Parallel()
				start := row.ready(t) // what an engine is run by is not the client's
				endures(t, row.title, row.store(t), start)
			})
		}
	})
	t.Logf("rotation under load:\n%s", results.table())
}

// real is a row of a real server.
type real struct {
	title string
	store func(*testing.T) store
	ready func(*testing.T) starter
}

// reals are the rows of real servers, each with accounts of its own.
func reals() map[string]real {
	users := engines.JudgedUsers()
	return map[string]real{
		"ClickHouse, one credential": {switched.title, inMemory(account{name: users[0]}, false), clickhouseReal},
		"ClickHouse, two users":      {paired.title, inMemory(account{users[0], true}, true), clickhouseReal},
		"PostgreSQL, one credential": {switched.title, inMemory(account{name: "switched"}, false), postgresReal},
		"PostgreSQL, two users":      {paired.title, inMemory(account{"paired", true}, true), postgresReal},
		"PostgreSQL, OpenBao": {
			"OpenBao, accounts of 4 s", func(t *testing.T) store { return newVault(t, account{"v-", true}) }, postgresReal,
		},
		"PostgreSQL, Secrets Manager": {
			"moto, two users overlap", func(t *testing.T) store { return newManager(t, account{"managed", true}) }, postgresReal,
		},
		"Neo4j, one credential": {switched.title, inMemory(account{name: "turning"}, false), graphReal},
		"Neo4j, two users":      {paired.title, inMemory(account{"pairing", true}, true), graphReal},
	}
}

func inMemory(a account, overlap bool) func(*testing.T) store {
	return func(*testing.T) store { return newHeld(a, overlap) }
}
