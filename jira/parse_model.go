package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/prompt"
	"github.com/fourkites/sources/base/tool"
)

// Model is a language model that answers in JSON, such as llm.JSON.
type Model interface {
	// AnswerJSON asks a question, and gives an answer that fits the JSON schema.
	AnswerJSON(ctx context.Context, question string, schema json.RawMessage) (json.RawMessage, error)
}

var opParseWith = &base.Op{Name: "ParseWith"}

// ParseWith reads an issue by rules and then by a model, for what no rule knows. A value of the model counts only where it
// stands in the issue; others are dropped, and counted. What rules have found stands. The model sees the issue as data, without
// secrets and personal data. An error is that of the model, and comes with what the rules have found.
func ParseWith(ctx context.Context, issue Issue, m Model) (ParsedIssue, error) {
	return ParseWithModel(ctx, issue, ParseOptions{}, m)
}

// ParseWithModel is ParseWith with what is known beside the issue.
func ParseWithModel(ctx context.Context, issue Issue, o ParseOptions, m Model) (ParsedIssue, error) {
	out := ParseWithOptions(issue, o)
	var names prompt.Pseudonyms
	parts := partsOf(issue)
	question, cut := questionOf(issue.Key, parts, &names)
	if cut {
		out.Warnings = append(out.Warnings, fmt.Sprintf("a model read the first %d bytes of the issue alone", mostQuestion))
	}
	schema, err := answerSchema()
	if err != nil {
		return out, err
	}
	text, err := m.AnswerJSON(ctx, question, schema)
	if err != nil {
		return out, err
	}
	var said modelAnswer
	if err := json.Unmarshal(text, &said); err != nil {
		e := base.NewError(base.KindProtocol, err).WithText("the answer of the model is not of the form that was asked for")
		e.Source, e.Op, e.Sent = "jira", opParseWith.Name, base.Answered
		return out, e
	}
	out.take(said, parts, &names)
	return out, nil
}

// modelAnswer is what a model is asked for.
type modelAnswer struct {
	Findings []modelFinding `json:"findings" jsonschema:"everything of these kinds that the ticket names, and nothing else"`
	Category string         `json:"category" jsonschema:"the kind of the ticket"`
}

type modelFinding struct {
	Kind  string `json:"kind" jsonschema:"what it is"`
	Value string `json:"value" jsonschema:"exactly as it stands in the ticket, character by character"`
}

// lists are the findings that a model may add to, by their kind.
func (p *ParsedIssue) lists() map[string]*[]Finding {
	return map[string]*[]Finding{
		"tracking_id": &p.TrackingIDs, "load_number": &p.LoadNumbers, "pro_number": &p.ProNumbers, "bol_number": &p.BOLNumbers,
		"po_number": &p.PONumbers, "booking": &p.Bookings, "container": &p.Containers, "vessel": &p.Vessels, "shipper": &p.Shippers,
		"carrier": &p.Carriers, "broker": &p.Brokers, "scac": &p.SCACs, "service": &p.Services, "trace_id": &p.TraceIDs,
		"correlation_id": &p.Correlations, "request_id": &p.RequestIDs, "endpoint": &p.Endpoints, "host": &p.Hosts, "error_message": &p.Errors,
	}
}

var categories = []Category{
	CategoryLoadCreation, CategoryLoadUpdate, CategoryETA, CategoryCarrierUpdate, CategoryCallback, CategoryTimeout,
	CategoryConfiguration, CategoryDataQuality, CategoryOcean, CategoryOther,
}

// answerSchema is the schema of modelAnswer, with the words that its fields may have.
func answerSchema() (json.RawMessage, error) {
	s, err := tool.Schema[modelAnswer]()
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds() {
		item := s.Properties["findings"].Items.Properties["kind"]
		item.Enum = append(item.Enum, kind)
	}
	for _, c := range categories {
		s.Properties["category"].Enum = append(s.Properties["category"].Enum, string(c))
	}
	return json.Marshal(s)
}

func kinds() []string {
	var all []string
	for kind := range new(ParsedIssue).lists() {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

// mostQuestion bounds what a model reads of an issue.
const mostQuestion = 100_000

// questionOf is the issue as a question, as data.
func questionOf(key string, parts []part, names *prompt.Pseudonyms) (question string, cut bool) {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "[%s %s]\n%s\n\n", p.where.Part, p.where.Name, p.text)
	}
	text := b.String()
	if cut = len(text) > mostQuestion; cut {
		text = strings.ToValidUTF8(text[:mostQuestion], "")
	}
	return "List what the ticket below names: " + strings.Join(kinds(), ", ") + ". Give each value exactly as it stands there. " +
		"Leave out what is not there. " + prompt.Rule + "\n\n" + prompt.Mark("jira:"+key, names.Hide(prompt.Clean(text))), cut
}

// take adds what the model found, where it stands in the issue.
func (p *ParsedIssue) take(said modelAnswer, parts []part, names *prompt.Pseudonyms) {
	lists := p.lists()
	for _, f := range said.Findings {
		list, known := lists[f.Kind]
		value := strings.TrimSpace(names.Reveal(f.Value))
		if !known || value == "" || p.has(value) {
			continue
		}
		found, ok := grounded(value, parts)
		if !ok {
			p.Dropped++
			continue
		}
		*list = append(*list, found)
	}
	if c := Category(said.Category); p.Category == CategoryOther && c != CategoryOther && slices.Contains(categories, c) {
		p.Category, p.CategoryConfidence = c, modelConfidence
	}
	p.Missing = p.missing()
}

// modelConfidence is how sure a value of a model is: less than any rule.
const modelConfidence = 0.5

// has reports whether the value is known already, as whatever: rules come first.
func (p *ParsedIssue) has(value string) bool {
	for _, list := range p.lists() {
		if slices.ContainsFunc(*list, func(f Finding) bool { return strings.EqualFold(f.Value, value) || f.Raw == value }) {
			return true
		}
	}
	return false
}

// grounded is the finding of a value where it first stands in the issue as a whole word.
func grounded(value string, parts []part) (Finding, bool) {
	for _, p := range parts {
		if at := wholeWord(p.text, value); at >= 0 {
			where := p.where
			where.Offset, where.Line = at, 1+strings.Count(p.text[:at], "\n")
			return Finding{
				Value: value, Raw: value, Where: where, Source: SourceModel, How: "a model", Confidence: modelConfidence, Grounded: true,
			}, true
		}
	}
	return Finding{}, false
}

// wholeWord is where a word stands in a text, not as a part of a longer one; negative = nowhere.
func wholeWord(text, word string) int {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return -1
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		first, _ := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		if !(inWord(before) && inWord(first)) && !(inWord(after) && inWord(last)) {
			return at
		}
		from = at + 1
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
