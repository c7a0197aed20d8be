package graph_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
)

func TestEveryProblemOfAConfigIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config graph.Config
		want   string
	}{
		"no URI":             {graph.Config{}, "uri: missing"},
		"another scheme":     {graph.Config{URI: "https://graph.example.com"}, "uri: its scheme is not known"},
		"no verification":    {graph.Config{URI: "neo4j+ssc://graph.example.com"}, "uri: the schemes with +ssc verify no certificate"},
		"another suffix":     {graph.Config{URI: "bolt+unix:///tmp/x"}, "uri: its scheme is not known"},
		"a user":             {graph.Config{URI: "bolt://me:" + planted + "@graph.example.com"}, "uri: it holds a user"},
		"no host":            {graph.Config{URI: "bolt://"}, "uri: it holds no host"},
		"a path":             {graph.Config{URI: "bolt://graph.example.com/db"}, "uri: it holds more"},
		"no URI at all":      {graph.Config{URI: "bolt://%zz" + planted}, "uri: it is no URI"},
		"in clear":           {graph.Config{URI: "bolt://graph.example.com", Plaintext: true}, "plaintext: uri is not on this machine"},
		"in clear and TLS":   {graph.Config{URI: "bolt+s://localhost", Plaintext: true}, "plaintext: true, and uri asks for TLS"},
		"a CA for nothing":   {graph.Config{URI: "bolt://localhost", Plaintext: true, CAFile: "x"}, "plaintext: true, and so ca_file"},
		"half a certificate": {graph.Config{URI: "bolt://h", CertFile: "x"}, "cert_file, key_file"},
		"no user":            {graph.Config{URI: "bolt://h", Password: secret.Literal(planted)}, "password: set without user"},
		"a line in a name":   {graph.Config{URI: "bolt://h", Name: "a\nb"}, "name: control characters"},
		"too deep":           {graph.Config{URI: "bolt://h", MaxDepth: 1000}, "max_depth: 1000 is not between"},
		"a backtick":         {graph.Config{URI: "bolt://h", Model: graph.Model{Class: "a`b"}}, "model.class: it may hold"},
		"a backslash":        {graph.Config{URI: "bolt://h", Model: graph.Model{Calls: `a\u0060b`}}, "model.calls: it may hold"},
		"a property":         {graph.Config{URI: "bolt://h", Model: graph.Model{Properties: graph.Properties{Name: "9"}}}, "model.properties.name: it may hold"},
		"a long name":        {graph.Config{URI: "bolt://h", Model: graph.Model{Log: strings.Repeat("x", 200)}}, "model.log: empty, or longer"},
		"one for two":        {graph.Config{URI: "bolt://h", Model: graph.Model{Class: "Method"}}, "model: one name stands for two"},
		"a killer":           {graph.Config{URI: "bolt://h", Procedures: []string{"dbms.killConnection"}}, "procedures[0]: dbms.killConnection cannot be allowed"},
		"all of apoc":        {graph.Config{URI: "bolt://h", Procedures: []string{"apoc.*"}}, "procedures[0]: apoc.* cannot be allowed"},
		"a dot at the end":   {graph.Config{URI: "bolt://h", Procedures: []string{"gds."}}, "procedures[0]: a star stands"},
		"a star":             {graph.Config{URI: "bolt://h", Procedures: []string{"gds.gr*"}}, "procedures[0]: a star stands"},
		"no procedure":       {graph.Config{URI: "bolt://h", Procedures: []string{"x"}}, "procedures[0]: it is no name"},
		"limits":             {graph.Config{URI: "bolt://h", Limits: base.Limits{Retries: 11}}, "limits.retries"},
	} {
		_, err := graph.New(t.Context(), test.config)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), planted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestURIsOfEveryKindAreTaken(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"bolt://graph.example.com", "bolt+s://graph.example.com:7688", "neo4j://graph.example.com", "neo4j+s://[::1]:7687", "neo4j://h/?region=east",
	} {
		c, err := graph.New(t.Context(), graph.Config{URI: uri})
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheEnvironmentIsReadAndItsProblemsAreNamed(t *testing.T) {
	t.Parallel()
	got, err := graph.ConfigFromEnv(t.Context(), base.EnvPrefix("CODE_"), base.EnvMap(map[string]string{
		"CODE_NEO4J_URI": "bolt://localhost", "CODE_NEO4J_USERNAME": "reader", "CODE_NEO4J_PASSWORD": planted, "CODE_NEO4J_DATABASE": "code",
		"CODE_NEO4J_PLAINTEXT": "true", "CODE_NEO4J_MAX_ROWS": "7", "CODE_NEO4J_PROCEDURES": "gds.graph.list,apoc.path.expand", "CODE_NEO4J_TIMEOUT": "5s",
	}))
	if err != nil || got.URI != "bolt://localhost" || got.User != "reader" || got.Database != "code" || !got.Plaintext || got.MaxRows != 7 || len(got.Procedures) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = graph.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"NEO4J_MAX_DEPTH": "1000", "NEO4J_PASSWORD": planted, "NEO4J_CA_FILE": "x", "NEO4J_KEY_FILE": "y", "NEO4J_TIMEOUT": "-1s", "NEO4J_PROCEDURES": "apoc.*",
	}))
	for _, want := range []string{"NEO4J_URI: missing", "NEO4J_MAX_DEPTH: 1000", "NEO4J_PASSWORD: set without user", "NEO4J_CERT_FILE, NEO4J_KEY_FILE", "NEO4J_TIMEOUT: negative", "NEO4J_PROCEDURES: apoc.*"} {
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if strings.Contains(err.Error(), planted) {
		t.Error("it tells the password")
	}
}
