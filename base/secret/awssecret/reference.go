package awssecret

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reference is a text of the form scheme://name?stage=label#key, taken apart.
type reference struct {
	text   string // as it was written
	secret string // name or ARN
	region string // of an ARN; empty = of the store
	stage  string // empty where the version is told
	id     string // of the version; empty = that of the stage
	key    string // empty = the whole text
}

// The staging labels that the service itself moves (AWS Secrets Manager User Guide: Secrets Manager secret versions).
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
	pending  = "AWSPENDING"
)

// Bounds of the API (AWS Secrets Manager API Reference: CreateSecret, GetSecretValue); of a key our own.
const (
	maxName  = 512
	maxARN   = 2048
	maxStage = 256
	minID    = 32
	maxID    = 64
	maxKey   = 256
)

// Secrets of other services have an exclamation mark in their names, such as rds!cluster-….
var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)
	arnForm  = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:([A-Za-z0-9/_+=.@!-]+)$`)
)

// parse takes a reference apart. Its errors match ErrReference and say which part is wrong.
func parse(text string) (reference, error) {
	r := reference{text: text, stage: current}
	_, rest, found := strings.Cut(text, "://")
	if !found {
		return r, badReference("it is not of the form awssm://name#key")
	}
	rest, fragment, keyed := strings.Cut(rest, "#")
	name, query, asked := strings.Cut(rest, "?")
	if err := r.setName(name); err != nil {
		return r, err
	}
	if asked {
		if err := r.setVersion(query); err != nil {
			return r, err
		}
	}
	if keyed {
		return r, r.setKey(fragment)
	}
	return r, nil
}

func badReference(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrReference, fmt.Errorf(format, args...))
}

func (r *reference) setName(text string) error {
	name, err := decoded("name", text)
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "arn:") {
		parts := arnForm.FindStringSubmatch(name)
		if parts == nil || len(name) > maxARN {
			return badReference("the ARN is not of the form arn:aws:secretsmanager:region:account:secret:name")
		}
		r.secret, r.region = name, parts[1]
		return nil
	}
	if !nameForm.MatchString(name) || len(name) > maxName {
		return badReference("the name of the secret must be 1 to %d letters, digits and /_+=.@!-", maxName)
	}
	r.secret = name
	return nil
}

func (r *reference) setVersion(query string) error {
	what, text, _ := strings.Cut(query, "=")
	value, err := decoded(what, text)
	switch {
	case strings.Contains(query, "&"):
		return badReference("more than one parameter; write stage or version")
	case what != "stage" && what != "version":
		return badReference("the parameter is neither stage nor version; a question mark begins one, and goes before the #")
	case err != nil:
		return err
	case what == "version":
		if len(value) < minID || len(value) > maxID || strings.ContainsFunc(value, invisible) {
			return badReference("version: the id of a version is %d to %d characters long", minID, maxID)
		}
		r.stage, r.id = "", value
	case value == "" || len(value) > maxStage || strings.ContainsFunc(value, invisible):
		return badReference("stage: a staging label is 1 to %d characters without blanks", maxStage)
	case strings.EqualFold(value, pending):
		return fmt.Errorf("%w: %w: a rotation is trying this version out, and no server need know it; ask for %s", ErrReference, ErrPending, current)
	default:
		r.stage = value
	}
	return nil
}

func (r *reference) setKey(fragment string) error {
	key, err := decoded("key", fragment)
	switch {
	case err != nil:
		return err
	case strings.Contains(fragment, "#"):
		return badReference("more than one #; write one that belongs to the key as %%23")
	case key == "" || len(key) > maxKey || strings.ContainsFunc(key, unicode.IsControl):
		return badReference("the key behind the # must be 1 to %d bytes, without control characters; leave out the # for the whole text", maxKey)
	}
	r.key = key
	return nil
}

func decoded(what, text string) (string, error) {
	plain, err := url.PathUnescape(text)
	if err != nil {
		return "", badReference("%.20q has a bad percent-encoding; write a percent sign as %%25", what)
	}
	if !utf8.ValidString(plain) {
		return "", badReference("%.20q is not UTF-8", what)
	}
	return plain, nil
}

// invisible are what no label or id of a version has.
func invisible(r rune) bool { return r <= ' ' || r >= utf8.RuneSelf }

// ask is what the service is asked for: references to keys of one secret ask for the same.
type ask struct{ secret, stage, id string }

func (r reference) ask() ask { return ask{r.secret, r.stage, r.id} }

// version tells the value from that of another version, and from another key's.
func (r reference) version(id string) string {
	if id == "" || r.key == "" {
		return id
	}
	return id + "#" + r.key
}

// unpromoted reports whether an answer is what a rotation tries out: it has the label for that, and neither the wanted one
// nor, where an id is wanted, one that says that it was current once.
func (r reference) unpromoted(stages []string) bool {
	tried := false
	for _, stage := range stages {
		switch {
		case stage == r.stage, r.stage == "" && (stage == current || stage == previous):
			return false
		case stage == pending:
			tried = true
		}
	}
	return tried
}

// within reports why the store of a region cannot have the secret; nil = it can.
func (r reference) within(region string) error {
	if r.region != "" && r.region != region {
		return badReference("the ARN is of the region %s, and this store asks %s; make a store for that region, under a scheme of its own", r.region, region)
	}
	return nil
}

// ErrReference: the text of a reference cannot be one of this store.
var ErrReference = errors.New("not a reference to a secret of AWS")
