// Package llm asks large language models: Anthropic's Messages and Azure OpenAI, by one interface.
//
// An answer always comes as a stream, also where it is wanted whole, so that a long one does not run into a timeout. A stream
// that was cut is marked as partial; a call of a tool that was cut is not handed out.
package llm
