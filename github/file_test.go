package github_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func TestAFileIsReadWholeOrByItsLines(t *testing.T) {
	t.Parallel()
	server := started(t)
	long := strings.Repeat("0123456789abcde\n", 100_000)
	server.AddCommit(loads, githubtest.Push{Files: map[string]string{
		"five": "1\n2\n3\n4\n5\n", "open": "1\n2", "empty": "", "long": long, "bad": "a\xffb\n", "binary": "a\x00b", "a#b?c%20 d;e": "odd\n",
		"lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "list.json": "[]\n", "lib": githubtest.Submodule("https://example.com/lib"), "dir/x": "x",
	}})
	client := clientOf(t, server)
	read := func(path string, o github.FileOptions) github.File {
		t.Helper()
		f, err := client.File(bounded(t), loads, path, o)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		f.SHA = ""
		return f
	}
	for _, test := range []struct {
		path string
		o    github.FileOptions
		want github.File
	}{
		{"five", github.FileOptions{}, github.File{Size: 10, Content: "1\n2\n3\n4\n5\n", StartLine: 1, EndLine: 5, Lines: 5}},
		{"five", github.FileOptions{StartLine: 2, EndLine: 3}, github.File{Size: 10, Content: "2\n3\n", StartLine: 2, EndLine: 3, Lines: 5}},
		{"five", github.FileOptions{StartLine: 4, EndLine: 99}, github.File{Size: 10, Content: "4\n5\n", StartLine: 4, EndLine: 5, Lines: 5}},
		{"five", github.FileOptions{MaxBytes: 5}, github.File{Size: 10, Content: "1\n2\n", StartLine: 1, EndLine: 2, Lines: 5, Cut: true}},
		{"five", github.FileOptions{MaxBytes: 1}, github.File{Size: 10, Content: "1", StartLine: 1, EndLine: 1, Lines: 5, Cut: true}},
		{"five", github.FileOptions{StartLine: 9}, github.File{Size: 10, Lines: 5, Notes: []string{"the file has 5 lines, fewer than asked for"}}},
		{"open", github.FileOptions{Ref: "main"}, github.File{Ref: "main", Size: 3, Content: "1\n2", StartLine: 1, EndLine: 2, Lines: 2}},
		{"empty", github.FileOptions{}, github.File{Notes: []string{"the file has 0 lines, fewer than asked for"}}},
		{"bad", github.FileOptions{}, github.File{Size: 4, Content: "a\uFFFDb\n", StartLine: 1, EndLine: 1, Lines: 1}},
		{"binary", github.FileOptions{}, github.File{Size: 3, Binary: true}},
		{"a#b?c%20 d;e", github.FileOptions{}, github.File{Size: 4, Content: "odd\n", StartLine: 1, EndLine: 1, Lines: 1}},
		{"list.json", github.FileOptions{}, github.File{Size: 3, Content: "[]\n", StartLine: 1, EndLine: 1, Lines: 1}},
		{"long", github.FileOptions{StartLine: 99_999}, github.File{Size: 1_600_000, Content: "0123456789abcde\n0123456789abcde\n", StartLine: 99_999, EndLine: 100_000, Lines: 100_000}},
	} {
		test.want.Repo, test.want.Path = loads, test.path
		if diff := cmp.Diff(test.want, read(test.path, test.o)); diff != "" {
			t.Errorf("%s %+v: %s", test.path, test.o, diff)
		}
	}
	if f := read("long", github.FileOptions{}); !f.Cut || f.EndLine != 65_536 || len(f.Content) != 1<<20 {
		t.Errorf("%d bytes up to %d, cut %v", len(f.Content), f.EndLine, f.Cut)
	}
	if f := read("lfs", github.FileOptions{}); len(f.Notes) != 1 || !strings.Contains(f.Notes[0], "LFS") {
		t.Errorf("%+v", f)
	}
	f, err := client.File(bounded(t), loads, "five", github.FileOptions{})
	if err != nil || f.SHA != "8a1218a1024a212bb3db30becd860315f9f3ac52" { // git hash-object
		t.Errorf("%s, %v", f.SHA, err)
	}
	_, err = client.File(bounded(t), loads, "dir", github.FileOptions{})
	failed(t, err, base.KindInvalid, "a folder, with x")
	_, err = client.File(bounded(t), loads, "lib", github.FileOptions{})
	failed(t, err, base.KindInvalid, "submodule")
	_, err = client.File(bounded(t), loads, "none", github.FileOptions{})
	failed(t, err, base.KindNotFound, "may not see")
}

func TestOfAFileThatIsTooLongTheBeginningIsGiven(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddCommit(loads, githubtest.Push{Files: map[string]string{"long": strings.Repeat("0123456789abcde\n", 100_000), "one": strings.Repeat("x", 3<<20)}})
	client := clientOf(t, server, func(c *github.Config) { c.MaxResponseBytes = 1 << 20 })
	f, err := client.File(bounded(t), loads, "long", github.FileOptions{})
	if err != nil || !f.Cut || f.SHA != "" || f.Lines != 0 || f.EndLine < 60_000 || !strings.HasSuffix(f.Content, "e\n") {
		t.Errorf("up to %d, cut %v, %d lines, %v", f.EndLine, f.Cut, f.Lines, err)
	}
	f, err = client.File(bounded(t), loads, "long", github.FileOptions{StartLine: 10, EndLine: 11})
	if err != nil || f.Cut || f.Content != "0123456789abcde\n0123456789abcde\n" {
		t.Errorf("%+v, %v", f, err)
	}
	_, err = client.File(bounded(t), loads, "long", github.FileOptions{StartLine: 99_999})
	failed(t, err, base.KindTooLarge, "max_response_bytes")
	_, err = client.File(bounded(t), loads, "one", github.FileOptions{})
	failed(t, err, base.KindTooLarge, "max_response_bytes")
}

func TestWhatCannotBeAFileIsRefusedBeforeARequest(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for says, f := range map[string]func() error{
		"path: empty": func() error { _, err := client.File(bounded(t), loads, "", github.FileOptions{}); return err },
		"dots":        func() error { _, err := client.File(bounded(t), loads, "a/../b", github.FileOptions{}); return err },
		"relative": func() error {
			_, err := client.File(bounded(t), loads, "/etc/passwd", github.FileOptions{})
			return err
		},
		"at most 4096": func() error {
			_, err := client.File(bounded(t), loads, strings.Repeat("x", 10_000), github.FileOptions{})
			return err
		},
		"start_line": func() error {
			_, err := client.File(bounded(t), loads, "a", github.FileOptions{StartLine: 5, EndLine: 3})
			return err
		},
		"max_bytes": func() error {
			_, err := client.File(bounded(t), loads, "a", github.FileOptions{MaxBytes: -1})
			return err
		},
		"ref": func() error {
			_, err := client.File(bounded(t), loads, "a", github.FileOptions{Ref: "a b"})
			return err
		},
		"no repository": func() error { _, err := client.File(bounded(t), "acme", "a", github.FileOptions{}); return err },
		"acme/loads/x":  func() error { _, err := client.File(bounded(t), "acme/loads/x", "a", github.FileOptions{}); return err },
		"acme/..":       func() error { _, err := client.File(bounded(t), "acme/..", "a", github.FileOptions{}); return err },
		"has at most 255": func() error {
			_, err := client.Tree(bounded(t), loads, github.TreeOptions{Ref: strings.Repeat("x", 300)})
			return err
		},
		"no number":       func() error { _, err := client.Jobs(bounded(t), loads, 0); return err },
		"tail":            func() error { _, err := client.JobLogs(bounded(t), loads, 1, -1); return err },
		"no organisation": func() error { _, err := base.Collect(client.Repos(bounded(t), "a/b")); return err },
		"the first is 1":  func() error { _, err := client.PullRequest(bounded(t), loads, 0); return err },
	} {
		failed(t, f(), base.KindInvalid, says)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
