package github

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the name of a blob in git is its SHA-1
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var opFile = &base.Op{Name: "File"}

// FileOptions says what of a file is wanted.
type FileOptions struct {
	// Ref is a branch, a tag or a commit; empty = the default branch.
	Ref string `json:"ref,omitempty"`
	// StartLine and EndLine, both included, count from 1; 0 = from the first, up to the last.
	StartLine int `json:"start_line,omitempty"`
	EndLine   int `json:"end_line,omitempty"`
	// MaxBytes bounds what is handed out; 0 = 1 MiB, never above Config.MaxResponseBytes.
	MaxBytes int64 `json:"max_bytes,omitempty"`
}

// File is what a file holds, or a part of it.
type File struct {
	Repo string `json:"repo"` // its present name
	Path string `json:"path"`
	Ref  string `json:"ref,omitempty"` // as it was asked for
	// SHA is git's name of the content, computed from what came; empty where not the whole file came.
	SHA  string `json:"sha,omitempty"`
	Size int64  `json:"size"` // bytes of the file; of what came, where Cut
	// Content is the text, or the lines that were asked for. Bytes that are not UTF-8 are U+FFFD. A binary file has none.
	Content   string `json:"content"`
	StartLine int    `json:"start_line,omitempty"` // of Content
	EndLine   int    `json:"end_line,omitempty"`
	Lines     int    `json:"lines,omitempty"` // of the whole file; 0 where not all of it came
	Binary    bool   `json:"binary,omitempty"`
	// Cut says that Content ends before what was asked for.
	Cut   bool     `json:"cut,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

const defaultFile = 1 << 20

// File reads a file of any size that GitHub hands out, up to 100 MB; of a longer one than Config.MaxResponseBytes it knows the
// beginning, which Cut says. A folder, a submodule, what is not there, and lines behind the beginning are errors that say so.
func (c *Client) File(ctx context.Context, repo, path string, o FileOptions) (File, error) {
	return c.file(ctx, opFile, repo, path, o)
}

func (c *Client) file(ctx context.Context, op *base.Op, repo, path string, o FileOptions) (File, error) {
	owner, name, err := c.split(op, repo)
	if err == nil {
		err = c.checkFile(op, path, o)
	}
	if err != nil {
		return File{}, err
	}
	r := rest.Request{
		Op: op, Method: http.MethodGet, Path: c.prefix + "/repos/" + owner + "/" + name + "/contents/" + escapePath(path),
		Header: http.Header{"Accept": {"application/vnd.github.raw+json"}}, MaxBytes: max(c.config.MaxResponseBytes-1, 1), // a longer one is cut
	}
	if o.Ref != "" {
		r.Query = url.Values{"ref": {o.Ref}}.Encode()
	}
	k := &call{op: op, bucket: c.core, repo: repo, raw: true}
	answer, err := c.follow(c.through(ctx, k), k, r)
	if err != nil {
		return File{}, err
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == "application/json" || kind == "text/html" {
		return File{}, c.noFile(op, path, kind, answer.Body)
	}
	base.AddStats(ctx, base.Stats{Rows: 1})
	f := File{Repo: repo, Path: path, Ref: o.Ref, Size: int64(len(answer.Body))}
	if k.moved != "" {
		f.Repo = k.moved
		f.Notes = append(f.Notes, repo+" is "+k.moved+" now")
	}
	f = f.take(answer.Body, answer.Cut, o)
	if f.Cut && f.Content == "" && !f.Binary {
		return File{}, c.unreached(op, path, f)
	}
	return f, nil
}

// unreached is the error of lines that stand behind what of a file is kept.
func (c *Client) unreached(op *base.Op, path string, f File) error {
	e := base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf("%s is longer than max_response_bytes, and those lines stand behind its first %d bytes", path, f.Size))
	e.Source, e.Op, e.Sent = c.config.Name, op.Name, base.Answered
	e.SetHint(base.HintOf("ask the operator to raise max_response_bytes"))
	return e
}

func (c *Client) checkFile(op *base.Op, path string, o FileOptions) error {
	switch {
	case path == "":
		return c.invalid(op, "path: empty; give that of a file, or ask for the tree")
	case o.StartLine < 0 || o.EndLine < 0 || o.EndLine > 0 && o.EndLine < o.StartLine:
		return c.invalid(op, "start_line and end_line: %d to %d; lines count from 1", o.StartLine, o.EndLine)
	case o.MaxBytes < 0:
		return c.invalid(op, "max_bytes: negative; 0 is 1 MiB")
	}
	if err := c.checkPath(op, path); err != nil {
		return err
	}
	return c.checkRef(op, "ref", o.Ref)
}

func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = (&url.URL{Path: segments[i]}).EscapedPath()
		segments[i] = strings.NewReplacer("/", "%2F", ";", "%3B").Replace(strings.TrimPrefix(segments[i], "./"))
	}
	return strings.Join(segments, "/")
}

// noFile says what is there instead of a file.
func (c *Client) noFile(op *base.Op, path, kind string, body []byte) error {
	var list []struct{ Name string }
	var one struct{ Type string }
	switch {
	case kind == "text/html":
		return c.protocol(op, "the answer is a page of HTML, as a login page or a proxy gives")
	case json.Unmarshal(body, &list) == nil:
		var names []string
		for _, entry := range list[:min(len(list), 20)] {
			names = append(names, entry.Name)
		}
		return c.invalid(op, "path: %s is a folder, with %s", path, strings.Join(names, ", "))
	case json.Unmarshal(body, &one) == nil && one.Type != "":
		return c.invalid(op, "path: %s is a %s and no file", path, one.Type)
	}
	return c.protocol(op, "the answer is neither a file nor what stands in its place")
}

// lfs begins a file that only refers to its content: https://git-lfs.com/spec/v1
const lfs = "version https://git-lfs.github.com/spec/v1\n"

// take makes of a file what was asked for.
func (f File) take(body []byte, begun bool, o FileOptions) File {
	if f.Cut = begun; !begun {
		f.SHA = blobName(body)
	}
	if bytes.HasPrefix(body, []byte(lfs)) {
		f.Notes = append(f.Notes, "the file is kept elsewhere by Git LFS; this is the reference to it")
	}
	if bytes.IndexByte(body[:min(len(body), 8000)], 0) >= 0 { // as git itself tells
		f.Binary = true
		return f
	}
	lines := strings.SplitAfter(strings.ToValidUTF8(string(body), "\uFFFD"), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	if f.Lines = len(lines); begun {
		lines, f.Lines = lines[:len(lines)-1], 0 // the last one may be broken
	}
	from, to := max(o.StartLine, 1), o.EndLine
	if to == 0 || to > len(lines) {
		to = len(lines)
	} else {
		f.Cut = false // all that was asked for is there
	}
	if from > len(lines) {
		if !begun {
			f.Notes = append(f.Notes, fmt.Sprintf("the file has %d lines, fewer than asked for", f.Lines))
		}
		return f
	}
	limit := o.MaxBytes
	if limit == 0 {
		limit = defaultFile
	}
	f.StartLine = from
	var cut bool
	f.Content, f.EndLine, cut = upTo(lines[from-1:to], from, limit)
	f.Cut = f.Cut || cut
	return f
}

// blobName is git's name of a content.
func blobName(body []byte) string {
	sum := sha1.New() //nolint:gosec // the name of a blob in git
	_, _ = fmt.Fprintf(sum, "blob %d\x00", len(body))
	_, _ = sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

// upTo joins lines up to a number of bytes. A line that does not fit is left out, unless it is the first.
func upTo(lines []string, from int, limit int64) (text string, last int, cut bool) {
	var b strings.Builder
	for i, line := range lines {
		if int64(b.Len()+len(line)) <= limit {
			b.WriteString(line)
			continue
		}
		if i == 0 {
			return strings.ToValidUTF8(line[:limit], ""), from, true
		}
		return b.String(), from + i - 1, true
	}
	return b.String(), from + len(lines) - 1, false
}
