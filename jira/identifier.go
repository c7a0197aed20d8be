package jira

import (
	"regexp"
	"strings"
	"unicode"
)

// cue is a rule: words after which one thing, or a list of them, stands.
type cue struct {
	how        string
	lead       *regexp.Regexp
	value      *regexp.Regexp // anchored at its beginning
	confidence float64
	list       func(*ParsedIssue) *[]Finding
	fits       func(value string) bool
}

// between is what may stand between a cue and its value, and around it.
const between = `["'\x60*]*\s*(?:is|are|was|were|being|of|for)?\s*[:=#>]*\s*["'\x60*(\[]*\s*#?`

func lead(words string) *regexp.Regexp { return regexp.MustCompile(`(?i)(?:` + words + `)` + between) }

var (
	trackingValue = regexp.MustCompile(`^\d{8,12}\b`)
	numberValue   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_/-]{2,39}\b`)
	listSign      = regexp.MustCompile(`^["'\x60*]*\s*(?:,|;|/|&|\+|\band\b|\bor\b|,\s*and\b)\s*["'\x60*#]*`)
	bullet        = regexp.MustCompile(`^(?:[-*•]|\d+[.)])\s+["'\x60#]*`)
	nextLine      = regexp.MustCompile(`^["'\x60*]*[ \t]*\n\s*(?:[-*•]|\d+[.)])?\s*["'\x60#]*`)
)

// The numbers by which a load is known, each behind its cue.
var cues = []cue{
	{
		how: "tracking id", confidence: 0.97, value: trackingValue, list: func(p *ParsedIssue) *[]Finding { return &p.TrackingIDs },
		lead: lead(`\b(?:fk[ _-]?)?tracking[ _-]*(?:ids?|numbers?|nos?\.?|nums?|#s?)(?:\(s\))?|\btrackingids?\b|\bfk[ _-]*#|\b(?:fourkites|fk)[ _-]+(?:load[ _-]*)?ids?|\bload[ _-]?ids?|\bfk_tracking_id|\bfkid`),
	},
	{
		how: "load number", confidence: 0.95, value: numberValue, fits: isNumber, list: func(p *ParsedIssue) *[]Finding { return &p.LoadNumbers },
		lead: lead(`\b(?:display[ _-]*)?load[ _-]*(?:numbers?|nos?\.|nums?|#s?)(?:\(s\))?|\bloadnumbers?|\bshipment[ _-]*(?:numbers?|nos?\.|#s?)`),
	},
	{
		how: "load", confidence: 0.75, value: numberValue, fits: isLongNumber, list: func(p *ParsedIssue) *[]Finding { return &p.LoadNumbers },
		lead: lead(`\bloads?\b`),
	},
	{
		how: "PRO number", confidence: 0.95, value: numberValue, fits: isNumber, list: func(p *ParsedIssue) *[]Finding { return &p.ProNumbers },
		lead: lead(`\bpro[ _-]*(?:numbers?|nos?\.|nums?|#s?)|\bpronumbers?|\bpros?["'\x60]*\s*[:=]|(?-i:\bPROs?\b)`),
	},
	{
		how: "BOL number", confidence: 0.95, value: numberValue, fits: isNumber, list: func(p *ParsedIssue) *[]Finding { return &p.BOLNumbers },
		lead: lead(`\b(?:m?bol|hbl|mbl|b/l|bill of lading|(?:master|house|ocean)[ _-]*bl)s?\b[ _-]*(?:numbers?|nos?\.|nums?|#s?)?|\bbol[ _-]?numbers?|\bbl[ _-]*(?:numbers?|nos?\.|#)|(?-i:\bBL\b)`),
	},
	{
		how: "PO number", confidence: 0.93, value: numberValue, fits: isNumber, list: func(p *ParsedIssue) *[]Finding { return &p.PONumbers },
		lead: lead(`\bpurchase order\b[ _-]*(?:numbers?|nos?\.|nums?|#s?)?|\bpo[ _-]*(?:numbers?|nos?\.|nums?|#s?)|\bponumbers?|(?-i:\bPOs?\b|\bP\.O\.)`),
	},
	{
		how: "booking number", confidence: 0.95, value: numberValue, fits: isNumber, list: func(p *ParsedIssue) *[]Finding { return &p.Bookings },
		lead: lead(`\bbooking\b[ _-]*(?:numbers?|nos?\.|nums?|#s?|refs?\.?|references?|ids?)?|\bbkg\b[ _-]*(?:#|no\.?)?`),
	},
}

// isNumber reports whether a value looks like the number of a document: it has three digits at least, and is no word, date or
// time.
func isNumber(value string) bool {
	digits := 0
	for _, r := range value {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits >= 3 && len(value) >= 4 && !isDate(value)
}

// isLongNumber is isNumber for a cue that says little.
func isLongNumber(value string) bool {
	return isNumber(value) && len(value) >= 6 && !strings.Contains(value, "/") && !year.MatchString(value)
}

var (
	dateLike = regexp.MustCompile(`^(?:\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{2,4})`)
	year     = regexp.MustCompile(`^(?:19|20)\d{2}(?:[-_]|(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$)`)
)

func isDate(value string) bool { return dateLike.MatchString(value) }

func (r *reading) identifiers(t *passage) {
	for _, c := range cues {
		r.behind(t, c)
	}
	r.shapes(t)
	r.pages(t)
	r.containers(t)
}

// behind finds what stands behind a cue: one value or a list, in the line or in the lines below.
func (r *reading) behind(t *passage, c cue) {
	for _, m := range c.lead.FindAllStringIndex(t.text, -1) {
		if t.linked(m[0], m[1]) {
			continue
		}
		at := m[1]
		if strings.Contains(t.text[m[0]:at], "\n") { // what stands in the lines below may be a list
			at += len(bullet.FindString(t.text[at:]))
		}
		if n := nextLine.FindStringIndex(t.text[at:]); n != nil && strings.HasSuffix(strings.TrimRight(t.text[m[0]:at], " \t"), ":") {
			at += n[1]
		}
		for {
			size := r.value(t, c, m[0], at)
			if size == 0 {
				break
			}
			at += size
			sign := listSign.FindString(t.text[at:])
			if sign == "" && strings.HasSuffix(strings.TrimRight(t.text[m[0]:m[1]], " \t\n"), ":") {
				sign = nextLine.FindString(t.text[at:])
			}
			if sign == "" {
				break
			}
			at += len(sign)
		}
	}
}

// value takes the value at a place and gives its size; 0 where there is none.
func (r *reading) value(t *passage, c cue, _, at int) int {
	value := strings.TrimRight(c.value.FindString(t.text[at:]), "-/_")
	to := at + len(value)
	switch {
	case value == "" || !t.free(at, to) || t.linked(at, to):
		return 0
	case c.fits != nil && !c.fits(value):
		return 0
	case to < len(t.text) && (t.text[to] == '%' || t.text[to] == '.' && to+1 < len(t.text) && unicode.IsDigit(rune(t.text[to+1]))):
		return 0 // a share, a version
	}
	list := c.list(&r.out)
	if c.how == "load" && r.known(value) {
		return len(value)
	}
	if f := t.found(at, to, normal(value), c.how, c.confidence); containerForm.FindString(f.Value) != f.Value || !validContainer(f.Value) {
		r.add(list, f)
	}
	return len(value)
}

// known reports whether a value is a tracking id already.
func (r *reading) known(value string) bool {
	for _, f := range r.out.TrackingIDs {
		if f.Value == value {
			return true
		}
	}
	return false
}

func normal(value string) string { return strings.ToUpper(value) }

// shape is the form of the load numbers of many shippers.
var shape = regexp.MustCompile(`\b[A-Z]{1,3}\d{8,14}\b`)

// others are prefixes that say that a number of the shape is something else.
var others = regexp.MustCompile(`^(?:INV|TEL|FAX|ORD|RMA|REF|SKU|SO|CR|CHG|INC|REQ|TKT|CAS|ID|IP|V|DT|TS|PO|PRO|BOL|ACC|USD|EUR)\d`)

func (r *reading) shapes(t *passage) {
	for _, m := range shape.FindAllStringIndex(t.text, -1) {
		value := t.text[m[0]:m[1]]
		if t.free(m[0], m[1]) && !t.linked(m[0], m[1]) && !others.MatchString(value) && !r.elsewhere(value) && !nonLoadCue(t.text[:m[0]]) {
			r.add(&r.out.LoadNumbers, t.found(m[0], m[1], value, "shape of a load number", 0.65))
		}
	}
}

// elsewhere reports whether a value was found as another number of the load.
func (r *reading) elsewhere(value string) bool {
	for _, list := range [][]Finding{r.out.ProNumbers, r.out.BOLNumbers, r.out.PONumbers, r.out.Bookings, r.out.RequestIDs} {
		for _, f := range list {
			if f.Value == value {
				return true
			}
		}
	}
	return false
}

var nonLoad = regexp.MustCompile(`(?i)\b(?:invoice|order|sku|serial|part|account|customer|user|driver|truck|trailer|seal|license|licence|vin|case|ticket|quote|item|vat|tax|tin|ein|gst|iban|swift|eori|duns|mc|dot|employee|badge|passport|asset|meter|policy|rma|route|config|rule|build|version|voyage|flight|site|dock|bank|card)s?(?:\s*(?:number|no\.?|num|id|code|#))?\s*(?:is|was|are)?\s*[:=#]*\s*$`)

// nonLoadCue reports whether the words before a number say that it is something else.
func nonLoadCue(before string) bool {
	return nonLoad.MatchString(before[max(0, len(before)-40):])
}

// page is a load in an address of the product.
var page = regexp.MustCompile(`(?i)/(?:tracking|loads?|shipments?)/(?:details?/|view/)?(\d{8,12})\b|[?&#](?:tracking\\?_ids?|trackingId|load(?:\\?_)?id)=(\d{8,12})\b`)

func (r *reading) pages(t *passage) {
	for _, link := range t.links {
		for _, m := range page.FindAllStringSubmatchIndex(t.raw[link[0]:link[1]], -1) {
			for group := 2; group < len(m); group += 2 {
				if m[group] >= 0 {
					from, to := link[0]+m[group], link[0]+m[group+1]
					r.add(&r.out.TrackingIDs, t.found(from, to, t.raw[from:to], "address of a load's page", 0.95))
				}
			}
		}
	}
}
