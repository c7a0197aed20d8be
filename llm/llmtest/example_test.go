package llmtest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

func Example() {
	server := llmtest.NewServer()
	defer server.Close()
	server.Reply(nil, llmtest.Reply{Text: "Half an ans", Error: "overloaded_error"})

	client, err := llm.New(context.Background(), server.AzureConfig())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	answer, _ := client.Generate(context.Background(), llm.Request{Messages: []llm.Message{llm.Say("Why?")}})
	fmt.Printf("%q is %s\n", answer.Text, answer.Outcome)
	// Output: "Half an ans" is partial
}
