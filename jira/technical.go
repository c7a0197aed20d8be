package jira

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base/code"
)

var (
	traceParent = regexp.MustCompile(`\b00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b`)
	traceCue    = regexp.MustCompile(`(?i)\btrace[ ._-]?ids?["'\x60*]*\s*(?:is|was|=>)?\s*[:=(]*\s*["'\x60*]*([0-9a-f]{32})\b`)
	hexForm     = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
	hashCue     = regexp.MustCompile(`(?i)\b(?:md5|hash|checksum|digest|etag|sha\d*|token|key|secret|commit)\b[^\n]{0,20}$`)

	correlationCue = regexp.MustCompile(`(?i)\b(?:correlation|corr)[ ._-]?ids?["'\x60*]*\s*(?:is|was|=>)?\s*[:=(]*\s*["'\x60*]*([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12})\b`)
	correlationTag = regexp.MustCompile(`(?m)(?:^|[ \t"'\x60])\[([0-9a-f]{12})\](?:[ \t{]|$)`)
	requestCue     = regexp.MustCompile(`(?i)\b(?:x-)?(?:request[ ._-]?ids?|record[ ._-]?uuids?|apim-request-id)["'\x60*]*\s*(?:is|was|=>)?\s*[:=(]*\s*["'\x60*]*([0-9a-z][0-9a-z-]{7,63})\b`)
)

// traces finds the ids that link log lines, and stack traces.
func (r *reading) traces(t *passage) {
	for _, form := range []*regexp.Regexp{traceParent, traceCue} {
		for _, m := range form.FindAllStringSubmatchIndex(t.text, -1) {
			r.trace(t, m[2], m[3], "trace id", 0.97)
		}
	}
	for _, m := range hexForm.FindAllStringIndex(t.text, -1) {
		if !hashCue.MatchString(t.text[max(0, m[0]-40):m[0]]) && !t.linked(m[0], m[1]) {
			r.trace(t, m[0], m[1], "32 hex digits", 0.6)
		}
	}
	for _, m := range correlationCue.FindAllStringSubmatchIndex(t.text, -1) {
		r.add(&r.out.Correlations, t.found(m[2], m[3], strings.ToLower(t.text[m[2]:m[3]]), "correlation id", 0.96))
	}
	for _, m := range correlationTag.FindAllStringSubmatchIndex(t.text, -1) {
		if v := t.text[m[2]:m[3]]; strings.ContainsAny(v, "abcdef") && strings.ContainsAny(v, "0123456789") {
			r.add(&r.out.Correlations, t.found(m[2], m[3], v, "tag of a log line", 0.85))
		}
	}
	for _, m := range requestCue.FindAllStringSubmatchIndex(t.text, -1) {
		if v := t.text[m[2]:m[3]]; strings.ContainsAny(v, "0123456789") {
			r.add(&r.out.RequestIDs, t.found(m[2], m[3], v, "request id", 0.93))
		}
	}
}

func (r *reading) trace(t *passage, from, to int, how string, confidence float64) {
	value := strings.ToLower(t.text[from:to])
	if strings.Trim(value, "0") != "" && strings.ContainsAny(value, "abcdef") {
		r.add(&r.out.TraceIDs, t.found(from, to, value, how, confidence))
	}
}

// stacks reads stack traces wherever they stand; the lines of a quote lose its mark.
func (r *reading) stacks(t *passage) {
	found := code.ParseTrace(unescaped(unquoted.ReplaceAllString(t.raw, "$1")))
	from := 0
	for _, s := range found.Stacks {
		if len(s.Frames) == 0 || len(r.out.StackTraces) >= mostFindings {
			continue
		}
		at, raw := standing(t.raw, s, from)
		from = at + len(raw)
		r.out.StackTraces = append(r.out.StackTraces, StackTrace{Stack: s, Raw: raw, Where: t.at(at)})
	}
	if found.Incomplete != "" {
		r.warn("stack traces: " + found.Incomplete)
	}
}

// standing is where a stack stands, behind the one before it: from the line of its exception, or from its first frame, to the end
// of its last. A trace inside of a string of JSON stands where its exception does.
func standing(text string, s code.Stack, from int) (at int, raw string) {
	first, last := len(text), from
	for _, f := range s.Frames {
		i := strings.Index(text[from:], f.Text)
		if i < 0 || f.Text == "" {
			return from + max(0, strings.Index(text[from:], s.Exception)), ""
		}
		first, last = min(first, from+i), max(last, from+i+len(f.Text))
	}
	if s.Exception != "" { // above its frames, or below in Python
		if i := strings.LastIndex(text[from:first], s.Exception); i >= 0 {
			first = from + i
		} else if i := strings.Index(text[last:], s.Exception); i >= 0 && i < afterFrames && s.Language == code.Python {
			last += i + len(s.Exception)
		}
	}
	return first, text[first:last]
}

// afterFrames is how far behind the last call of Python its exception may stand: the line of source comes between.
const afterFrames = 4 << 10

var unquoted = regexp.MustCompile(`(?m)^(?:> ?)+(.*)$`)

var (
	statusCue    = regexp.MustCompile(`(?i)\b(?:HTTP(?:/\d(?:\.\d)?)?(?:[ _-]*(?:status|code|error|response))*|(?:status|response|error|return)[ _-]*codes?|ext_request_status|(?:status|responded|responds|answers?|answered|answering|responding|returned|returns|returning|received|receiving|gets?|got|getting|giving|gives|throws?|throwing|failing|fails|failed|rejected)(?: (?:back|us|with|an?|the|HTTP|status|of|code|error|by))*)["'\x60*]*\s*[:=]*>?\s*["'\x60*]*([1-5]\d\d)\b`)
	statusReason = regexp.MustCompile(`\b([1-5]\d\d)["'\x60*]*[ :(-]+((?i:[a-z]+(?:[ -][a-z]+){0,3}))`)
	statusUnit   = regexp.MustCompile(`(?i)^["'\x60*]*\s*(?:%|ms\b|s\b|sec|min|hour|day|week|mile|km|kg|lb|loads?\b|rows?\b|records?\b|items?\b|stops?\b|lines?\b|files?\b|times\b|calls?\b|pings?\b|updates?\b|events?\b|messages?\b|callbacks?\b|shipments?\b|trucks?\b|of\b|out\b|[.,]\d|-\d|/\d)`)

	endpointForm = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE|HEAD)\s+["'\x60]*(https?://[^\s"'<>\x60]+|/[^\s"'<>\x60,;)]*)`)
	pathForm     = regexp.MustCompile(`(?:^|[\s"'\x60(=])(/(?:api|v\d+|rest|internal|webhooks?|callbacks?|graphql)(?:/[\w.{}:%~-]+)+)`)
	// A name without an address. Packages of code do not end with what hosts end with.
	hostBare = regexp.MustCompile(`(?:^|[\s"'\x60*(,=])([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+\.(?:com|net|org|io|cloud|local|internal|dev|app|edu|gov|eu|de|uk|in))(?::\d+)?(?:[\s"'\x60*,;:)?!]|\.(?:\s|$)|$)`)
	hostCue  = regexp.MustCompile(`(?i)\b(?:host(?:name)?|server)["'\x60*]*\s*[:=]\s*["'\x60*]*([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)`)
)

// web finds statuses of HTTP, endpoints and hosts.
func (r *reading) web(t *passage) {
	for _, m := range statusCue.FindAllStringSubmatchIndex(t.text, -1) {
		if !statusUnit.MatchString(t.text[m[3]:]) {
			r.status(t, m[2], m[3], "words before it", 0.9)
		}
	}
	for _, m := range statusReason.FindAllStringSubmatchIndex(t.text, -1) {
		n, _ := strconv.Atoi(t.text[m[2]:m[3]])
		reason := strings.ToLower(strings.ReplaceAll(http.StatusText(n), "-", " "))
		said := strings.ToLower(strings.ReplaceAll(t.text[m[4]:m[5]], "-", " "))
		if reason != "" && (strings.HasPrefix(said, reason) || n == http.StatusGatewayTimeout && strings.HasPrefix(said, "gateway time")) {
			r.status(t, m[2], m[3], "its reason", 0.97)
		}
	}
	for _, m := range endpointForm.FindAllStringSubmatchIndex(t.text, -1) {
		r.endpoint(t, m[0], m[5], t.text[m[2]:m[3]], t.text[m[4]:m[5]], 0.95)
	}
	for _, m := range pathForm.FindAllStringSubmatchIndex(t.text, -1) {
		path := strings.TrimRight(t.text[m[2]:m[3]], ".:")
		if !slices.ContainsFunc(r.out.Endpoints, func(f Finding) bool { return strings.HasSuffix(f.Value, " "+path) }) {
			r.endpoint(t, m[2], m[3], "", t.text[m[2]:m[3]], 0.8)
		}
	}
	for _, link := range t.links {
		if u, err := url.Parse(strings.TrimRight(t.raw[link[0]:link[1]], ".,;:!?*")); err == nil && u.Hostname() != "" {
			at := link[0] + max(0, strings.Index(t.raw[link[0]:link[1]], u.Hostname()))
			if !strings.HasPrefix(t.raw[at:], u.Hostname()) {
				continue // in another spelling
			}
			r.add(&r.out.Hosts, t.found(at, at+len(u.Hostname()), strings.ToLower(u.Hostname()), "address", 0.9))
		}
	}
	for _, m := range hostBare.FindAllStringSubmatchIndex(t.text, -1) {
		r.add(&r.out.Hosts, t.found(m[2], m[3], strings.ToLower(t.text[m[2]:m[3]]), "form of a host's name", 0.65))
	}
	for _, m := range hostCue.FindAllStringSubmatchIndex(t.text, -1) {
		r.add(&r.out.Hosts, t.found(m[2], m[3], strings.ToLower(t.text[m[2]:m[3]]), "host", 0.9))
	}
}

func (r *reading) status(t *passage, from, to int, how string, confidence float64) {
	if n, _ := strconv.Atoi(t.text[from:to]); http.StatusText(n) != "" && t.free(from, to) {
		r.add(&r.out.HTTPStatuses, t.found(from, to, t.text[from:to], how, confidence))
	}
}

func (r *reading) endpoint(t *passage, from, to int, method, target string, confidence float64) {
	trimmed := strings.TrimRight(target, ".,;:!?)*")
	to -= len(target) - len(trimmed)
	if u, err := url.Parse(trimmed); err == nil && u.Path != "" {
		trimmed = u.Path
	}
	r.add(&r.out.Endpoints, t.found(from, to, strings.TrimSpace(method+" "+trimmed), "path", confidence))
}

var sqlForm = regexp.MustCompile(`(?is)\b(?:select\s.{1,900}?\sfrom\s+[\w."\x60]+|insert\s+into\s+[\w."\x60]+|update\s+[\w."\x60]+\s+set\s|delete\s+from\s+[\w."\x60]+|with\s+\w+\s+as\s*\().*?(?:;|\n\s*\n|\n\x60\x60\x60|$)`)

// clause is what a statement has that a sentence has not.
var clause = regexp.MustCompile(`(?i)[=*;]|\b(?:where\s+\S+\s*(?:=|<|>|in\b|like\b|between\b|is\b)|group by|order by|limit \d|join\s+\S+\s+on|values\s*\()`)

// ownLine reports whether what stands at a place begins a line, or what is quoted in one.
func ownLine(text string, at int) bool {
	before := strings.TrimRight(text[strings.LastIndexByte(text[:at], '\n')+1:at], " \t")
	return before == "" || strings.IndexByte("`:\">", before[len(before)-1]) >= 0
}

// queries finds statements of SQL.
func (r *reading) queries(t *passage) {
	for _, m := range sqlForm.FindAllStringIndex(t.text, 50) {
		raw := strings.TrimRight(t.text[m[0]:m[1]], "` \n;")
		first, _, _ := strings.Cut(raw, " ")
		// In prose, small letters may select something from somewhere: a statement has more of SQL, and its line to itself.
		if !within(t.code, m[0], m[1]) && first != strings.ToUpper(first) && (!ownLine(t.text, m[0]) || !clause.MatchString(raw)) {
			continue
		}
		value := strings.Join(strings.Fields(t.clean(m[0], m[0]+len(raw))), " ")
		r.add(&r.out.SQLQueries, t.found(m[0], m[0]+len(raw), value, "statement", 0.9))
	}
}

var (
	errorCue    = regexp.MustCompile(`(?i)\b(?:error(?: message)?|exception|reason|failure)["'\x60*]*\s*(?:is|was|says)?\s*[:=]+\s*["'\x60*“]*([^\n]{6,300})`)
	errorLine   = regexp.MustCompile(`(?m)^.*\b(?:ERROR|FATAL|SEVERE|CRITICAL)\b[\]:| -]+(?:\[[^\]\n]{1,60}\][: -]*)*(?:(?:[A-Z][a-z]+[A-Z]\w*|\w+(?:\.\w+)+)(?: +-+ +|: +))?([^\n]{6,300})$`)
	errorQuoted = regexp.MustCompile(`(?i)\b(?:error|exception|message|failure)s?(?: (?:is|was|says|saying|message|text))*\s*"\s*([^"\n]{6,300}?)\s*"`)
	errorJSON   = regexp.MustCompile(`(?i)["'](?:error[_-]?)?(?:message|description|detail)["']?\s*(?::|=>|=)\s*["']\s*([^"'\n]{6,300})`)
	failing     = regexp.MustCompile(`(?i)error|fail|exception|invalid|reject|refus|denied|(?:status|code)\w*["']?\s*(?::|=>?)\s*["']?[45]\d\d\b`)
	thrown      = regexp.MustCompile(`\b(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Exception|Error)\b: ([^\n]{4,300})`)
)

// failures finds what a machine said was wrong.
func (r *reading) failures(t *passage) {
	for _, rule := range []struct {
		form       *regexp.Regexp
		how        string
		whole      bool
		confidence float64
	}{
		{thrown, "exception", true, 0.9},
		{errorLine, "line of a log", false, 0.85},
		{errorCue, "words before it", false, 0.75},
		{errorQuoted, "in quotes", false, 0.75},
		{errorJSON, "message of a failure", false, 0.65},
	} {
		for _, m := range rule.form.FindAllStringSubmatchIndex(t.text, 50) {
			from, to := m[2], m[3]
			if rule.whole {
				from = m[0]
			}
			if rule.form == errorJSON && !failing.MatchString(lineAround(t.text, m[0])) {
				continue
			}
			size := len(unclosed(t.text[from:to]))
			raw := t.clean(from, from+size)
			if !slices.ContainsFunc(r.out.Errors, func(f Finding) bool { return strings.Contains(f.Value, raw) || strings.Contains(raw, f.Value) }) {
				r.add(&r.out.Errors, t.found(from, from+size, raw, rule.how, rule.confidence))
			}
		}
	}
}

// lineAround is the line of a place, as far as 500 bytes to each side.
func lineAround(text string, at int) string {
	before, after := text[max(0, at-500):at], text[at:min(len(text), at+500)]
	after, _, _ = strings.Cut(after, "\n")
	return before[strings.LastIndexByte(before, '\n')+1:] + after
}

// unclosed takes a mark off the end of a text that closes nothing in it.
func unclosed(text string) string {
	text = strings.TrimRight(text, "*” .")
	for _, quote := range []string{`"`, "'", "`"} {
		if strings.HasSuffix(text, quote) && strings.Count(text, quote)%2 == 1 {
			text = strings.TrimSuffix(text, quote)
		}
	}
	return text
}
