package mcppeers_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// contentFixtures answer every kind of content, and take schemas of every kind.
func contentFixtures() []fixture {
	text := func(text string) sdk.Content { return &sdk.TextContent{Text: text} }
	picture := &sdk.ImageContent{Data: redDot(), MIMEType: "image/png"}
	note := func(uri string) sdk.Content {
		return &sdk.EmbeddedResource{Resource: &sdk.ResourceContents{URI: uri, MIMEType: "text/plain", Text: "a note within an answer"}}
	}
	return []fixture{
		{name: "test_simple_text", description: "Answers a text.", handle: saying(text("This is a simple text response for testing."))},
		{name: "test_image_content", description: "Answers a picture.", handle: saying(picture)},
		{
			name: "test_audio_content", description: "Answers a sound.",
			handle: saying(&sdk.AudioContent{Data: silence(), MIMEType: "audio/wav"}),
		},
		{name: "test_embedded_resource", description: "Answers a resource.", handle: saying(note("test://embedded-resource"))},
		{
			name: "test_multiple_content_types", description: "Answers a text, a picture and a resource.",
			handle: saying(text("one of three"), picture, note("test://mixed-content-resource")),
		},
		{name: "test_error_handling", description: "Fails.", handle: func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return refused(errors.New("this tool fails, as it is meant to")), nil
		}},
		{
			name: "json_schema_2020_12_tool", description: "Has a schema with the words of 2020-12.", input: contactSchema,
			handle: func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				return told("called with " + string(r.Params.Arguments)), nil
			},
		},
		{
			name: "test_x_mcp_header", description: "Has an argument that is mirrored in a header.", input: headerSchema,
			handle: func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				var in struct{ Region string }
				err := json.Unmarshal(r.Params.Arguments, &in)
				return told("region=" + in.Region), err
			},
		},
	}
}

const headerSchema = `{"type":"object","properties":{
	"region":{"type":"string","description":"stands in the header Mcp-Param-Region too","x-mcp-header":"Region"},
	"level":{"type":"integer","description":"stands in no header"}}}`

// contactSchema must be listed as it stands here: it has each word that older readers of schemas drop.
const contactSchema = `{
	"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,
	"$defs":{"address":{"$anchor":"addressDef","type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
	"properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},
		"contactMethod":{"type":"string","enum":["phone","email"]},"phone":{"type":"string"},"email":{"type":"string"}},
	"allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
	"if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},
	"then":{"required":["phone"]},"else":{"required":["email"]}}`

// redDot is a picture of one point.
func redDot() []byte {
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	dot.Set(0, 0, color.RGBA{R: 255, A: 255})
	var file bytes.Buffer
	_ = png.Encode(&file, dot) // a buffer takes everything
	return file.Bytes()
}

// silence is a WAV file without a sample: PCM, one channel, 8000 a second, 16 bits.
func silence() []byte {
	le := binary.LittleEndian
	file := le.AppendUint32([]byte("RIFF"), 36)
	file = le.AppendUint32(append(file, "WAVEfmt "...), 16)
	for _, n := range []uint16{1, 1} {
		file = le.AppendUint16(file, n)
	}
	for _, n := range []uint32{8000, 16000} {
		file = le.AppendUint32(file, n)
	}
	for _, n := range []uint16{2, 16} {
		file = le.AppendUint16(file, n)
	}
	return le.AppendUint32(append(file, "data"...), 0)
}
