package llm

import "encoding/json"

// Role says whose message it is.
type Role string

// The roles.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is one turn of a conversation.
type Message struct {
	Role  Role   `json:"role"`
	Parts []Part `json:"parts"`
}

// Say is a message of the user that is one text.
func Say(text string) Message { return Message{Role: User, Parts: []Part{{Text: text}}} }

// Part is one piece of a message: exactly one of its fields is set, beside Cache.
type Part struct {
	Text     string      `json:"text,omitempty"`
	Thinking *Thinking   `json:"thinking,omitempty"`
	Image    *Image      `json:"image,omitempty"`
	Call     *ToolCall   `json:"call,omitempty"`
	Result   *ToolResult `json:"result,omitempty"`
	// Cache marks the end of what is worth keeping at the provider for the next question. Azure OpenAI keeps what it wants
	// by itself.
	Cache bool `json:"cache,omitempty"`
}

// Thinking is what a model thought before it spoke. It goes back to it as it came.
type Thinking struct {
	Text      string `json:"text,omitempty"`
	Signature string `json:"signature,omitempty"` // the provider's own
	Hidden    string `json:"hidden,omitempty"`    // what only the provider can read
}

// Image is a picture.
type Image struct {
	MediaType string `json:"media_type"` // image/png, image/jpeg, image/gif, image/webp
	Data      []byte `json:"data"`
}

// ToolCall is a model's wish that a tool be called.
type ToolCall struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"` // an object
}

// ToolResult is what a tool answered.
type ToolResult struct {
	CallID  string `json:"call_id"`
	Text    string `json:"text"`
	IsError bool   `json:"is_error,omitempty"`
}

// ToolSpec is a tool that a model may wish to be called.
type ToolSpec struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema"` // of its arguments
}

// AnyTool as Request.Tool makes the model call one of the tools.
const AnyTool = "any"

// Request is one question. It is never written to.
type Request struct {
	System      string     `json:"system,omitempty"`
	CacheSystem bool       `json:"cache_system,omitempty"` // System and the tools are worth keeping at the provider
	Messages    []Message  `json:"messages"`
	Tools       []ToolSpec `json:"tools,omitempty"`
	// Tool names the tool that must be called; AnyTool is any of them, empty leaves it to the model.
	Tool string `json:"tool,omitempty"`
	// Schema is the JSON schema that the answer must have; nil = free text. GenerateInto sets it.
	Schema json.RawMessage `json:"schema,omitempty"`
	// MaxTokens bounds the answer; 0 = Config.MaxTokens.
	MaxTokens int `json:"max_tokens,omitempty"`
	// ThinkingTokens is how much the model may think before it speaks, at least 1,024 and less than MaxTokens; 0 = as the
	// model does by itself. Azure OpenAI takes no such number, and a note of the Stats says so.
	ThinkingTokens int      `json:"thinking_tokens,omitempty"`
	Temperature    *float64 `json:"temperature,omitempty"`
	Stop           []string `json:"stop,omitempty"`
}
