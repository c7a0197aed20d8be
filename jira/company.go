package jira

import (
	"regexp"
	"strings"
)

// naming is what stands between the word for a role and the name of who has it.
const naming = `(?:[ _-]*(?:name|id|permalink|company))?["'\x60*]*[ \t]*[:=][ \t]*["'\x60*]*[ \t]*["'\x60]?`

// roles are the companies of a load, each behind its word and a colon, or in quotes.
var roles = []struct {
	how  string
	lead *regexp.Regexp
	list func(*ParsedIssue) *[]Finding
}{
	{"shipper", regexp.MustCompile(`(?i)\b(?:shipper|customer)` + naming), func(p *ParsedIssue) *[]Finding { return &p.Shippers }},
	{"carrier", regexp.MustCompile(`(?i)\b(?:(?:operating|managing)[ _-])?carrier` + naming), func(p *ParsedIssue) *[]Finding { return &p.Carriers }},
	{"broker", regexp.MustCompile(`(?i)\b(?:broker|3pl)` + naming), func(p *ParsedIssue) *[]Finding { return &p.Brokers }},
	{"vessel", regexp.MustCompile(`(?i)\bvessel` + naming), func(p *ParsedIssue) *[]Finding { return &p.Vessels }},
}

var (
	companyName = regexp.MustCompile(`^[\p{L}\d][\p{L}\d&.'’_ -]{1,58}`)
	// loose are names without a colon: capitals behind the word.
	looseName = map[string]*regexp.Regexp{
		"carrier": regexp.MustCompile(`\b[Cc]arrier (?:(?:is|was|shown|set|as|to|named|called) ){0,3}((?:[A-Z][\w&'-]*)(?: (?:[A-Z][\w&'-]*|&|of))*)`),
		"shipper": regexp.MustCompile(`\b[Ss]hipper (?:(?:is|was|shown|set|as|to|named|called) ){0,3}((?:[A-Z][\w&'-]*)(?: (?:[A-Z][\w&'-]*|&|of))*)`),
		"broker":  regexp.MustCompile(`\b[Bb]roker (?:(?:is|was|shown|set|as|to|named|called) ){0,3}((?:[A-Z][\w&'-]*)(?: (?:[A-Z][\w&'-]*|&|of))*)`),
		"vessel":  regexp.MustCompile(`\b(?:[Vv]essel|M/?V) ((?:[A-Z][A-Z\d'-]+)(?: [A-Z\d][A-Z\d'-]*)*)`),
	}
	quotedName    = regexp.MustCompile(`(?i)\b(carrier|shipper|customer|broker|vessel)\s+"([\p{L}\d][^"\n]{1,58})"`)
	capitalBefore = regexp.MustCompile(`\b[A-Z][\w&'-]* $`)
	scacForm      = regexp.MustCompile(`(?i:\bSCACs?(?: codes?)?)["'\x60*]*\s*(?:is|are|was)?\s*[:=(]*\s*["'\x60*]*([A-Z]{2,4})\b`)
	scacIn        = regexp.MustCompile(`\(([A-Z]{4})\)`)
	stopWord      = regexp.MustCompile(`(?i)\s+(?:is|are|was|were|has|have|had|and|with|did|does|for|on|at|to|from|since|not|that|says?|sent|uses?|about|in|but|who|which|tracking|load|carrier|shipper|scac|pro|bol|status|mode|name|id)\b.*$`)
)

// leading are words that begin a sentence or say which one, and no name, before the word for a role.
var leading = map[string]bool{"operating": true, "managing": true, "the": true, "our": true, "their": true, "this": true, "new": true, "for": true, "assigned": true}

// notNames are words in capitals that stand where names do.
var notNames = map[string]bool{
	"ID": true, "NAME": true, "API": true, "SCAC": true, "UPDATE": true, "UPDATES": true, "FILE": true, "FILES": true, "DATA": true,
	"PORTAL": true, "N/A": true, "NONE": true, "UNKNOWN": true, "TBD": true, "THE": true, "NO": true, "NULL": true, "NOT": true,
}

// names finds the companies and the vessel of a load.
func (r *reading) names(t *passage) {
	for _, role := range roles {
		for _, m := range role.lead.FindAllStringIndex(t.text, -1) {
			raw := companyName.FindString(t.text[m[1]:])
			r.name(t, m[1], raw, role.how, 0.85, role.list(&r.out))
		}
		for _, m := range looseName[role.how].FindAllStringSubmatchIndex(t.text, -1) {
			if before := capitalBefore.FindString(t.text[max(0, m[0]-40):m[0]]); before == "" || leading[strings.ToLower(strings.TrimSpace(before))] { // else the word is a part of a name
				r.name(t, m[2], t.text[m[2]:m[3]], role.how+" in capitals", 0.7, role.list(&r.out))
			}
		}
	}
	for _, m := range quotedName.FindAllStringSubmatchIndex(t.text, -1) {
		for _, role := range roles {
			if word := strings.ToLower(t.text[m[2]:m[3]]); word == role.how || word == "customer" && role.how == "shipper" {
				r.name(t, m[4], strings.TrimSpace(t.text[m[4]:m[5]]), role.how+" in quotes", 0.8, role.list(&r.out))
			}
		}
	}
	for _, m := range scacForm.FindAllStringSubmatchIndex(t.text, -1) {
		if v := t.text[m[2]:m[3]]; !notNames[v] {
			r.add(&r.out.SCACs, t.found(m[2], m[3], v, "SCAC", 0.95))
		}
	}
	for _, m := range scacIn.FindAllStringSubmatchIndex(t.text, -1) {
		if before := strings.ToLower(t.text[max(0, m[0]-60):m[0]]); strings.Contains(before, "carrier") && !strings.Contains(before[strings.LastIndex(before, "carrier"):], "\n") {
			r.add(&r.out.SCACs, t.found(m[2], m[3], t.text[m[2]:m[3]], "in parentheses behind a carrier", 0.8))
		}
	}
}

func (r *reading) name(t *passage, from int, raw, how string, confidence float64, list *[]Finding) {
	if from > 0 && strings.IndexByte("'\"`", t.text[from-1]) >= 0 { // in quotes
		raw, _, _ = strings.Cut(raw, t.text[from-1:from])
	}
	raw = stopWord.ReplaceAllString(raw, "")
	if at := strings.Index(raw, ". "); at >= 0 { // the end of a sentence
		raw = raw[:at]
	}
	raw = strings.TrimRight(raw, " .-&'’_")
	if raw == "" || notNames[strings.ToUpper(raw)] || len(strings.Fields(raw)) > 7 {
		return
	}
	r.add(list, t.found(from, from+len(raw), strings.Join(strings.Fields(raw), " "), how, confidence))
}

var (
	serviceCue  = regexp.MustCompile(`(?i)\b(?:service|application|app|service[_. ]name)["'\x60*]*\s*[:=]\s*["'\x60*]*([a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)\b`)
	serviceForm = regexp.MustCompile(`\b[a-z][a-z0-9]*(?:-[a-z0-9]+)*-(?:service|svc|worker|workers|consumer|processor|gateway|dispatcher|calculator|notifier|matcher|parser|handler|listener|publisher|producer|poller|loader|importer|exporter|indexer|aggregator|adapter|connector|ingest(?:er|or)|normali[sz]er|validator|router|resolver|engine|daemon|server|api|job|scheduler|webhook)\b`)
)

// serviceNames finds services by the catalog, by their cue, and by the form of their names.
func (r *reading) serviceNames(t *passage) {
	lower := lowered(t.text)
	for _, name := range r.options.Services {
		if at := wordAt(lower, lowered(name)); at >= 0 {
			r.add(&r.out.Services, t.found(at, at+len(name), name, "catalog of services", 0.95))
		}
	}
	for _, m := range serviceCue.FindAllStringSubmatchIndex(t.text, -1) {
		if v := t.text[m[2]:m[3]]; strings.ContainsAny(v, "-_") {
			r.add(&r.out.Services, t.found(m[2], m[3], v, "service", 0.85))
		}
	}
	for _, m := range serviceForm.FindAllStringIndex(t.text, -1) {
		before := byte(' ')
		if m[0] > 0 {
			before = t.text[m[0]-1]
		}
		if before != '.' && before != '/' && before != '-' && before != '@' && !t.linked(m[0], m[1]) {
			r.add(&r.out.Services, t.found(m[0], m[1], t.text[m[0]:m[1]], "form of a service's name", 0.75))
		}
	}
}

// lowered is a text with its letters from A to Z made small: the others may have more or fewer bytes then, and offsets would
// not be those of the text.
func lowered(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// wordAt is where a word stands by itself; -1 = nowhere.
func wordAt(text, word string) int {
	if word == "" {
		return -1
	}
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return -1
		}
		at += from
		end := at + len(word)
		if (at == 0 || !isNameByte(text[at-1])) && (end == len(text) || !isNameByte(text[end])) {
			return at
		}
		from = end
	}
}

func isNameByte(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
