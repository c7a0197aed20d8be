package statuspage_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
)

// patience is for one step in the browser, on a machine that does other things too.
const patience = 60 * time.Second

// tab is one page that is open, and what went wrong in it.
type tab struct {
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// openTab opens the address in a tab of its own, which closes with the test.
func openTab(t *testing.T, devtools, address string, features ...*emulation.MediaFeature) *tab {
	t.Helper()
	ctx, cancelAllocator := remote.NewAllocator(context.Background(), devtools)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &tab{ctx: ctx}
	p.check(t, chromedp.Do(ctx)) // the context of the first step is that of the tab
	p.do(t, chromedp.EmulateViewport(1280, 900))
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	p.check(t, err)
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	p.check(t, err)
	p.emulate(t, features...)
	p.do(t, chromedp.Navigate(address))
	return p
}

func (p *tab) hear(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		problem = "console: " + string(e.Type)
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		problem = fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL)
	case *network.EventLoadingFailed:
		problem = "request: " + e.ErrorText
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			problem = fmt.Sprintf("request: %d %s", e.Response.Status, e.Response.URL)
		}
	}
	if problem != "" {
		p.mu.Lock()
		p.problems = append(p.problems, problem)
		p.mu.Unlock()
	}
}

// heard is what went wrong since it was last asked.
func (p *tab) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.problems
	p.problems = nil
	return all
}

func (p *tab) check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.check(t, chromedp.Do(ctx, steps...))
}

func (p *tab) emulate(t *testing.T, features ...*emulation.MediaFeature) {
	t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	p.check(t, err)
}

func scheme(name string) *emulation.MediaFeature {
	return &emulation.MediaFeature{Name: "prefers-color-scheme", Value: name}
}

// eval is the value of an expression in the page.
func eval[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// becomes waits until an expression is true.
func (p *tab) becomes(t *testing.T, expression string) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !eval[bool](t, p, expression) {
		select {
		case <-ticker.C:
		case <-late.C:
			t.Fatalf("it never came: %s\n%s", expression, eval[string](t, p, "document.body.innerText"))
		}
	}
}

// live waits until the page has had its first answer.
func (p *tab) live(t *testing.T) {
	t.Helper()
	p.becomes(t, `document.getElementById("fresh").textContent.startsWith("Live")`)
}

// shoot keeps a picture of the whole page in the folder that STATUSPAGE_SHOTS names, or beside the test's other artifacts.
func (p *tab) shoot(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	p.check(t, err)
	if !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("%s is no PNG", name)
	}
	dir := os.Getenv("STATUSPAGE_SHOTS")
	if dir == "" {
		dir = t.ArtifactDir()
	}
	file := filepath.Join(dir, name+".png")
	p.check(t, os.WriteFile(file, picture, 0o644))
	t.Logf("picture: %s, %d bytes", file, len(picture))
}
