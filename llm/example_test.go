package llm_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

func Example() {
	server := llmtest.NewServer()
	defer server.Close()
	server.Reply(nil, llmtest.Reply{Text: `{"cause":"a flag was off","services":["loads"],"score":0.9,"place":null}`})

	ctx := context.Background()
	client, err := llm.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	v, answer, err := llm.GenerateInto[verdict](ctx, client, llm.Request{Messages: []llm.Message{llm.Say("What was wrong?")}})
	fmt.Println(v.Cause, answer.Stop, answer.Outcome, err)
	// Output: a flag was off end data <nil>
}
