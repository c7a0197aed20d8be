package canarysweep_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/mcp"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/trino"
)

// configured is one type of Config: a valid one, what is made of it, and where it is read from.
type configured struct {
	valid   any
	make    func(context.Context, any) (interface{ Close() error }, error)
	env     func(context.Context, ...base.EnvOption) (any, error)
	folder  string
	planted []string // its secret.Values that the sweep of clients and servers plants, by path
}

func of[C, T any](folder string, valid C, make func(context.Context, C, ...base.Option) (T, error), env func(context.Context, ...base.EnvOption) (C, error), planted ...string) configured {
	c := configured{valid: valid, folder: folder, planted: planted}
	c.make = func(ctx context.Context, v any) (interface{ Close() error }, error) {
		made, err := make(ctx, v.(C))
		closer, _ := any(made).(interface{ Close() error })
		return closer, err
	}
	if env != nil {
		c.env = func(ctx context.Context, o ...base.EnvOption) (any, error) { return env(ctx, o...) }
	}
	return c
}

func configs() map[string]configured {
	word := secret.Literal("s3cret-of-the-test")
	tracking := fkapi.Config{AppID: "a", Secret: word, TrackingURL: "https://a.example.com", CompanyURL: "https://b.example.com", Proxy: "none"}
	return map[string]configured{
		"clickhouse": of("clickhouse", clickhouse.Config{Host: "h.example.com"}, clickhouse.New, clickhouse.ConfigFromEnv, "Password"),
		"redshift":   of("redshift", redshift.Config{Host: "h.example.com", Database: "d", User: "u", Password: word}, redshift.New, redshift.ConfigFromEnv, "Password"),
		"redshift with IAM": of("redshift", redshift.Config{
			Host: "h.example.com", Database: "d", User: "u", IAM: redshift.IAM{ClusterID: "c", Region: "us-east-1"},
		}, redshift.New, nil, "Password"),
		"trino":          of("trino", trino.Config{Host: "h.example.com"}, trino.New, trino.ConfigFromEnv, "Password", "Token"),
		"athena":         of("athena", athena.Config{}, athena.New, athena.ConfigFromEnv, "Key"),
		"github":         of("github", github.Config{Token: word}, github.New, github.ConfigFromEnv, "Token", "App.PrivateKey"),
		"graph":          of("graph", graph.Config{URI: "bolt://h.example.com"}, graph.New, graph.ConfigFromEnv, "Password"),
		"jira":           of("jira", jira.Config{Server: "https://h.example.com", Token: word}, jira.New, jira.ConfigFromEnv, "Token"),
		"confluence":     of("confluence", confluence.Config{URL: "https://h.example.com", Token: word}, confluence.New, confluence.ConfigFromEnv, "Token"),
		"fkapi tracking": of("fkapi", tracking, fkapi.NewTracking, fkapi.ConfigFromEnv, "Secret", "Password"),
		"fkapi company":  of("fkapi", tracking, fkapi.NewCompany, nil, "Secret", "Password"),
		"llm":            of("llm", llm.Config{Model: "m", Key: word}, llm.New, llm.ConfigFromEnv, "Key", "Token"),
		"llm, Azure":     of("llm", llm.Config{Provider: llm.Azure, URL: "https://h.example.com", Model: "m", Key: word}, llm.New, nil, "Key", "Token"),
		"mcp client":     of("mcp", mcp.ClientConfig{URL: "https://h.example.com/mcp"}, mcp.Dial, mcp.ClientConfigFromEnv, "Token"),
		"mcp server": of("mcp", mcp.ServerConfig{}, func(ctx context.Context, c mcp.ServerConfig, opts ...base.Option) (*mcp.Server, error) {
			return mcp.NewServer(ctx, c, nil, opts...)
		}, nil, "Tokens[]"),
	}
}

// leaf is one field of a Config, or the element of a list or a map in one.
type leaf struct {
	path string
	set  func(config reflect.Value, text string) // of a copy
}

var valueType = reflect.TypeFor[secret.Value]()

// leaves are all fields that hold text, found in the type: a new one is planted without a word here.
func leaves(t reflect.Type, path string, at func(reflect.Value) reflect.Value) (texts []leaf, secrets []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, field := path+f.Name, func(c reflect.Value) reflect.Value { return at(c).Field(i) }
		switch {
		case f.Type == valueType:
			secrets = append(secrets, name)
		case f.Type == reflect.SliceOf(valueType):
			secrets = append(secrets, name+"[]")
		case f.Type.Kind() == reflect.String:
			texts = append(texts, leaf{name, func(c reflect.Value, text string) { field(c).SetString(text) }})
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String:
			texts = append(texts, leaf{name + "[]", func(c reflect.Value, text string) {
				list := reflect.MakeSlice(f.Type, 1, 1)
				list.Index(0).SetString(text)
				field(c).Set(list)
			}})
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.String:
			for _, key := range []bool{true, false} {
				texts = append(texts, leaf{fmt.Sprintf("%s{%t}", name, key), func(c reflect.Value, text string) {
					k, v := "a", "b"
					if key {
						k = text
					} else {
						v = text
					}
					m := reflect.MakeMap(f.Type)
					m.SetMapIndex(reflect.ValueOf(k).Convert(f.Type.Key()), reflect.ValueOf(v).Convert(f.Type.Elem()))
					field(c).Set(m)
				}})
			}
		case f.Type.Kind() == reflect.Struct:
			more, others := leaves(f.Type, name+".", field)
			texts, secrets = append(texts, more...), append(secrets, others...)
		}
	}
	return texts, secrets
}

// misplaced are texts with which an operator puts a secret where none belongs.
func misplaced(s string) []string {
	return []string{
		s, s + "\n", "user:" + s, "user:" + s + "@host", "https://" + url.UserPassword("user", s).String() + "@host.example.com/",
		"https://user:" + s + "@host.example.com/", "https://host.example.com/?token=" + url.QueryEscape(s), "https://host.example.com/#" + s,
		"://" + s, "postgres://u:" + s + "@h/d?sslmode=off", "host=h password = " + s, "s3://k:" + s + "@bucket/",
		s + "." + s + "." + s, "/" + s + "/" + s, strings.Repeat("x", 300) + s,
	}
}

func TestEverySecretOfAConfigIsPlanted(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		_, found := leaves(reflect.TypeOf(c.valid), "", func(v reflect.Value) reflect.Value { return v })
		slices.Sort(found)
		if want := slices.Sorted(slices.Values(c.planted)); !slices.Equal(found, want) {
			t.Errorf("%s has the secrets %v; planted are %v", name, found, want)
		}
	}
}

// A field that is right may show what it holds: a name is there to be shown. One that is wrong may not, for it may hold
// what belongs elsewhere.
func TestNoErrorOfAConfigShowsWhatAWrongFieldHolds(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld("config of " + name)
			texts, _ := leaves(reflect.TypeOf(c.valid), "", func(v reflect.Value) reflect.Value { return v })
			for _, l := range texts {
				if l.path == "Name" {
					continue // it is what every error begins with
				}
				s := w.set.Password(name + ".Config." + l.path)
				all := append(misplaced(s), secretFile(t, s))
				if strings.HasSuffix(l.path, "File") { // the name of a file is shown, so that it is found
					all = []string{secretFile(t, s), w.set.PEM(name + ".Config." + l.path)}
				}
				for _, text := range all {
					copied := reflect.New(reflect.TypeOf(c.valid)).Elem()
					copied.Set(reflect.ValueOf(c.valid))
					l.set(copied, text)
					made, err := c.make(t.Context(), copied.Interface())
					w.value("the error of "+l.path, err)
					if err == nil && made != nil {
						w.value("Close", made.Close())
					}
				}
			}
			w.verdict(t)
		})
	}
}

// secretFile is the path of a file that holds a secret where a certificate belongs.
func secretFile(t *testing.T, s string) string {
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte("-----BEGIN "+"PRIVATE KEY-----\n"+s+"\n-----END "+"PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var variable = regexp.MustCompile(`"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"`)

// variables are those that the files of a package name.
func variables(t *testing.T, folder string) (all []string) {
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", folder, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(string(text), "FromEnv(") {
			continue
		}
		for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
			all = append(all, found[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestNoErrorOfTheEnvironmentShowsWhatAVariableHolds(t *testing.T) {
	t.Parallel()
	for name, c := range configs() {
		if c.env == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld("environment of " + name)
			names := variables(t, c.folder)
			if len(names) < 2 {
				t.Fatalf("only %v are read", names)
			}
			for _, v := range names {
				s := w.set.Password(v)
				all := misplaced(s)
				if strings.HasSuffix(v, "_FILE") {
					all = []string{w.set.PEM(v)}
				}
				for i, text := range all {
					one := map[string]string{v: text}
					if i%2 == 0 { // beside others that are plausible, so that the last checks are reached
						for _, other := range names {
							if other != v {
								one[other] = "h.example.com"
							}
						}
					}
					config, err := c.env(t.Context(), base.EnvMap(one))
					w.value("the error of "+v, err)
					if err == nil && secretIn(reflect.ValueOf(config)) && len(one) == 1 {
						w.value("the config of "+v, config)
					}
				}
			}
			w.verdict(t)
		})
	}
}

// secretIn reports whether a Config holds a secret.
func secretIn(v reflect.Value) bool {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case !v.Type().Field(i).IsExported():
		case f.Type() == valueType:
			if !f.Interface().(secret.Value).IsZero() {
				return true
			}
		case f.Kind() == reflect.Struct && secretIn(f):
			return true
		}
	}
	return false
}
