package github_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func unlimited(server *githubtest.Server) func(*github.Config) {
	server.SetLimit("code_search", 10_000, 3600_000_000_000)
	return func(c *github.Config) { c.Search.Rate, c.Search.Burst = 1000, 1000 }
}

func TestCodeIsSearchedForWordsAndTexts(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	server.AddCommit("acme/web", githubtest.Push{Message: "w", Files: map[string]string{
		"app/load.py": "class Load:\n    pass  # say \"take it\"\n", "app/other.go": "package app // AND OR NOT repo:acme/loads\n",
	}})
	client := clientOf(t, server, unlimited(server))
	for want, o := range map[string]github.CodeOptions{
		"acme/loads src/Intake.java":   {Text: "load void"},
		"acme/web app/load.py":         {Text: `say "take it"`, Exactly: true},
		"acme/web app/other.go":        {Text: "repo:acme/loads"},
		"acme/web app/other.go ":       {Text: "AND OR NOT"},
		"acme/loads src/Intake.java ":  {Text: "load", Language: "java"},
		"acme/web app/load.py ":        {Text: "load", Path: "app"},
		"acme/web app/load.py  ":       {Text: "load", Filename: "load", Extension: "py"},
		"acme/loads src/Intake.java  ": {Text: "Load load", Repos: []string{"acme/loads"}},
		"":                             {Text: "load", Path: `x" repo:acme/web "`},
	} {
		all, err := base.Collect(client.SearchCode(bounded(t), o))
		var got []string
		for _, h := range all {
			got = append(got, h.Repo+" "+h.Path)
		}
		if err != nil || strings.Join(got, ", ") != strings.TrimSpace(want) {
			t.Errorf("%+v: %q, %v", o, got, err)
		}
	}
	all, err := base.Collect(client.SearchCode(bounded(t), github.CodeOptions{Text: "check"}))
	want := []github.Match{{Fragment: "  void take(Load load) { check(load); }", Spans: []github.Span{{From: 25, To: 30, Text: "check"}}}}
	if err != nil || len(all) != 1 || cmp.Diff(want, all[0].Matches) != "" || cmp.Diff([]int{4}, all[0].Lines) != "" || len(all[0].SHA) != 40 {
		t.Errorf("%+v, %v", all, err)
	}
	for says, o := range map[string]github.CodeOptions{
		"text: empty": {}, "256": {Text: strings.Repeat("word ", 60)}, "U+0007": {Text: "a\ab"}, "limit": {Text: "a", Limit: -1}, "no repository": {Text: "a", Repos: []string{"a b"}},
		"language": {Text: "a", Language: "x\ny"}, "repos: 31": {Text: "a", Repos: strings.Split(strings.Repeat("a/b ", 31)[:31*4-1], " ")},
	} {
		_, err := base.Collect(client.SearchCode(bounded(t), o))
		failed(t, err, base.KindInvalid, says)
	}
}

func TestHitsOfOtherRepositoriesAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	server.AddCommit("other/secret", githubtest.Push{Files: map[string]string{"a.java": "load"}})
	client := clientOf(t, server, unlimited(server), func(c *github.Config) { c.Repositories = []string{"ACME/*"} })
	item := func(repo string) string { return `{"path":"a","repository":{"full_name":"` + repo + `"}}` }
	server.ReplyTo("/search/code", githubtest.Reply{Body: `{"total_count":3,"items":[` + item("acme/loads") + "," + item("other/secret") + "," + item("acme/loads/..") + `]}`})
	var stats base.Stats
	all, err := base.Collect(client.SearchCode(base.WithStats(bounded(t), &stats), github.CodeOptions{Text: "load"}))
	if err != nil || len(all) != 1 || !strings.Contains(fmt.Sprint(stats.Notes), "2 hits of repositories") {
		t.Errorf("%+v, %v, %v", all, stats.Notes, err)
	}
	all, err = base.Collect(client.SearchCode(bounded(t), github.CodeOptions{Text: "load", Repos: []string{"acme/web"}}))
	if err != nil || len(all) != 0 {
		t.Errorf("hits of a repository that was not asked for: %+v, %v", all, err)
	}
	if target := server.Requests()[0].Target; !strings.Contains(target, "user%3AACME") {
		t.Error(target)
	}
	_, err = base.Collect(client.SearchCode(bounded(t), github.CodeOptions{Text: "load", Repos: []string{"other/secret"}}))
	failed(t, err, base.KindPermission)
	_, err = client.File(bounded(t), "other/secret", "a.java", github.FileOptions{})
	failed(t, err, base.KindPermission)
}

func TestASearchThatIsNotWholeSaysSo(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	client := clientOf(t, server, unlimited(server))
	server.SetIncomplete(true)
	all, err := base.Collect(client.SearchCode(bounded(t), github.CodeOptions{Text: "load"}))
	if len(all) != 1 || !errors.Is(err, base.ErrPartial) || !strings.Contains(err.Error(), "ran out of time") {
		t.Errorf("%d, %v", len(all), err)
	}
	p, err := client.SearchCodePage(bounded(t), github.CodeOptions{Text: "load"}, "")
	if err != nil || p.Outcome != base.Partial {
		t.Errorf("%+v, %v", p, err)
	}
	server.SetIncomplete(false)
	files := map[string]string{}
	for i := range 1010 {
		files[fmt.Sprintf("f%04d", i)] = "many"
	}
	server.AddCommit(loads, githubtest.Push{Files: files})
	all, err = base.Collect(client.SearchCode(bounded(t), github.CodeOptions{Text: "many"}))
	if len(all) != 1000 || !errors.Is(err, base.ErrPartial) || !strings.Contains(err.Error(), "1000 of 1010") {
		t.Errorf("%d, %v", len(all), err)
	}
	all, err = base.Collect(client.SearchCode(bounded(t), github.CodeOptions{Text: "many", Limit: 150}))
	if len(all) != 150 || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestClassesAreFoundWhereTheyAreDeclared(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	server.AddCommit("acme/web", githubtest.Push{Files: map[string]string{
		"a/intake.py": "import x\n\nclass Intake(Base):\n", "b/uses.go": "var i Intake\n", "c/intake.go": "type Intake struct {\n", "d/Intake.md": "Intake\n", "e/x.rb": "module Loads\n  class A::Intake < B\n",
	}})
	client := clientOf(t, server, unlimited(server))
	all, err := client.SearchClasses(bounded(t), "com.acme.loads.Intake", "")
	var got []string
	for _, h := range all {
		got = append(got, fmt.Sprintf("%s:%d", h.Path, h.Line))
	}
	if err != nil || strings.Join(got, " ") != "src/Intake.java:3 a/intake.py:3 c/intake.go:1 d/Intake.md:0 e/x.rb:2" {
		t.Errorf("%q, %v", got, err)
	}
	all, err = client.SearchClasses(bounded(t), "Intake", loads)
	if err != nil || len(all) != 1 || all[0].Text != "public class Intake {" {
		t.Errorf("%+v, %v", all, err)
	}
	server.ReplyTo("/contents/a/", githubtest.Reply{Status: 403, Body: `{"message":"no"}`})
	all, err = client.SearchClasses(bounded(t), "Intake", "")
	if !errors.Is(err, base.ErrPartial) || len(all) != 5 {
		t.Errorf("%d, %v", len(all), err)
	}
	_, err = client.SearchClasses(bounded(t), "a b", "")
	failed(t, err, base.KindInvalid, "class")
}
