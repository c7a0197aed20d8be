package llm_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

// rotating is a source of keys that a test turns.
type rotating struct{ turns atomic.Int64 }

func (r *rotating) key() string {
	if n := r.turns.Load(); n > 0 {
		return fmt.Sprintf("%s-%d", llmtest.Key, n)
	}
	return llmtest.Key
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(r.key(), "", time.Time{}), nil
}

const suiteText = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"

var suiteItems = strings.Count(suiteText, " ") + 1

func ask() llm.Request { return llm.Request{Messages: []llm.Message{llm.Say("Count.")}} }

func subject(configure func(*llmtest.Server) llm.Config) func(testing.TB, basetest.Settings) basetest.Subject {
	return func(t testing.TB, s basetest.Settings) basetest.Subject {
		server := started(t)
		server.SetModel(func(llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: suiteText} })
		var key rotating
		c := configure(server)
		c.Key, c.Limits, c.MaxResponseBytes = secret.From(&key), s.Limits, 8<<20
		c.CAFile, c.CertFile, c.KeyFile = s.CAFile, s.CertFile, s.KeyFile
		if s.Address != "" {
			scheme := "http://"
			if s.CAFile != "" {
				scheme = "https://"
			}
			c.URL = scheme + s.Address
		}
		client, err := llm.New(t.Context(), c, s.Options...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
		each := func(ctx context.Context) iter.Seq2[int, error] { return words(client.Stream(ctx, ask())) }
		return basetest.Subject{
			Client: client, Items: suiteItems,
			Fake: basetest.Fake{
				Address: strings.TrimPrefix(server.URL, "http://"), Fail: server.Fail, Running: server.Running, Close: server.Close,
				Connections: func() int { open, _ := server.Connections(); return open },
				Refuse:      func() { server.SetKeys() },
				Rotate:      func() { key.turns.Add(1); server.SetKeys(key.key()) },
				Calls: func() int {
					n := 0
					for _, r := range server.Requests() {
						if r.Method == "POST" {
							n++
						}
					}
					return n
				},
			},
			Read: func(ctx context.Context) (int, error) {
				all, err := base.Collect(each(ctx))
				return len(all), err
			},
			Each: each,
		}
	}
}

// words are the texts of an answer, one by one.
func words(events iter.Seq2[llm.Event, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		n := 0
		for e, err := range events {
			if err == nil && e.Text == "" {
				continue
			}
			if err == nil {
				n++
			}
			if !yield(n, err) {
				return
			}
		}
	}
}

func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	for name, configure := range map[string]func(*llmtest.Server) llm.Config{
		"Anthropic": (*llmtest.Server).Config, "Azure OpenAI": (*llmtest.Server).AzureConfig,
	} {
		t.Run(name, func(t *testing.T) {
			basetest.Run(t, basetest.Harness{
				Family: basetest.Paged, New: subject(configure), TLS: true, Secrets: []string{llmtest.Key}, Transient: fault.Status(503),
				Inside: fault.Status(200, "Content-Type", "text/event-stream").WithMessage(inside[name]),
				Configure: func(l base.Limits) error {
					client, err := llm.New(context.Background(), llm.Config{Model: "m", Key: secret.Literal("s3cret"), Limits: l})
					if err == nil {
						err = client.Close()
					}
					return err
				},
				Skip: map[string]string{"F30": "the key carries no time", "F41": "a question changes nothing"},
			})
		})
	}
}

// inside are streams that begin well and hold an error.
var inside = map[string]string{
	"Anthropic": "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"demo\"}}\n\n" +
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"one\"}}\n\n" +
		"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"it broke\"}}\n\n",
	"Azure OpenAI": "data: {\"id\":\"c\",\"model\":\"demo\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n" +
		"data: {\"error\":{\"code\":\"server_error\",\"message\":\"it broke\"}}\n\n",
}
