package mcp

import (
	"context"
	"encoding/json"
	"slices"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
)

// HealthURI is the resource that tells, as JSON, what is known of the sources of an endpoint without a call.
const HealthURI = "sources://health"

func (e *endpoint) addHealth(to *sdk.Server) {
	known := slices.ContainsFunc(e.boxes, func(box Toolbox) bool { _, ok := healthOf(box); return ok })
	if !known {
		return
	}
	to.AddResource(&sdk.Resource{
		URI: HealthURI, Name: "health", MIMEType: "application/json",
		Description: "What is known of the sources without a call: state, breaker, calls in flight.",
	}, e.readHealth)
}

func (e *endpoint) readHealth(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	report := struct {
		Sources []base.Health `json:"sources"`
	}{}
	for _, box := range e.boxes {
		if h, ok := healthOf(box); ok {
			report.Sources = append(report.Sources, h)
		}
	}
	text, err := json.Marshal(report)
	if err != nil {
		return nil, err
	}
	return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: HealthURI, MIMEType: "application/json", Text: string(text)}}}, nil
}
