package awssecret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// maxText is the bound of the service on the text of a secret, in bytes.
const maxText = 64 << 10

// The keys under which databases keep their accounts (AWS Secrets Manager User Guide: JSON structure of database
// credential secrets).
const (
	keyPassword = "password"
	keyUser     = "username"
)

// answer is what the service said.
type answer struct {
	id     string
	stages []string
	text   *string // nil: binary
}

// snapshot is what the reference names of the answer.
func (r reference) snapshot(a *answer) (secret.Snapshot, error) {
	if len(a.id) > maxID || strings.ContainsFunc(a.id, invisible) {
		return secret.Snapshot{}, r.fail(ErrAnswer, "it has an id of a version that cannot be one; check endpoint and proxy")
	}
	if r.unpromoted(a.stages) {
		return secret.Snapshot{}, r.fail(ErrPending, "a rotation is trying it out; ask for "+current)
	}
	if a.text == nil {
		return secret.Snapshot{}, r.fail(ErrBinary, "store the secret as text")
	}
	text, user, err := r.read(*a.text)
	if err != nil {
		return secret.Snapshot{}, err
	}
	snap, err := secret.Stored(text, r.version(a.id), time.Time{})
	if err != nil {
		return secret.Snapshot{}, r.bad(err)
	}
	return snap.OfUser(user), nil
}

// read finds the text that is meant, and the user that belongs to it.
func (r reference) read(text string) (value, user string, err error) {
	switch {
	case len(text) > maxText:
		return "", "", r.fail(secret.ErrMalformed, "larger than 64 KiB")
	case undecoded(text):
		return "", "", r.fail(secret.ErrMalformed, errUndecoded.Error())
	case r.key == "":
		return text, "", nil
	case strings.TrimSpace(text) == "":
		return "", "", r.fail(secret.ErrEmpty, "nothing is stored")
	}
	fields, err := fieldsOf(text)
	if err != nil {
		return "", "", r.fail(ErrKey, err.Error())
	}
	if value, err = fields.value(r.key); err != nil {
		return "", "", r.about(err, fields)
	}
	if r.key != keyPassword || !fields.isText(keyUser) {
		return value, "", nil
	}
	user, err = fields.value(keyUser)
	if err == nil && user != "" {
		_, err = secret.Stored(user, "", time.Time{})
	}
	if err != nil {
		return "", "", r.fail(secret.ErrMalformed, "the key "+keyUser+" beside it: "+strings.TrimPrefix(err.Error(), secret.ErrMalformed.Error()+": "))
	}
	return value, user, nil
}

// about is an error about a key.
func (r reference) about(err error, in fields) *Error {
	if errors.Is(err, errAbsent) {
		return r.fail(ErrKey, fmt.Sprintf("the secret has no key %q; %s", r.key, in.names()))
	}
	return r.fail(secret.ErrMalformed, fmt.Sprintf("the key %q: %s", r.key, err))
}

// bad is an error of secret.Stored with the reference.
func (r reference) bad(err error) *Error {
	for _, reason := range []error{secret.ErrEmpty, secret.ErrMalformed} {
		if errors.Is(err, reason) {
			return r.fail(reason, strings.TrimPrefix(err.Error(), reason.Error()+": "))
		}
	}
	return r.fail(secret.ErrMalformed, "")
}

// undecoded reports whether a character was lost on the way: decoders of JSON put U+FFFD in its place without a word, and a
// password with it is another one.
func undecoded(text string) bool { return strings.ContainsRune(text, '\uFFFD') }

var errUndecoded = errors.New("it holds U+FFFD, which stands for what could not be decoded")

// fields are the keys of a secret with their values in JSON.
type fields map[string][]json.RawMessage

// fieldsOf reads a JSON object. Its errors hold nothing of the text.
func fieldsOf(text string) (fields, error) {
	notObject := errors.New("the secret is not a JSON object; leave out the # and the key for the whole text")
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, notObject
	}
	all := fields{}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil, notObject
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, notObject
		}
		all[name] = append(all[name], value)
	}
	if _, err := d.Token(); err != nil {
		return nil, notObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, notObject
	}
	return all, nil
}

var errAbsent = errors.New("absent")

// value is the text of a key: of a number, true or false as it is written. Ports and switches are kept so.
func (f fields) value(key string) (string, error) {
	found := f[key]
	switch {
	case len(found) == 0:
		return "", errAbsent
	case len(found) > 1:
		return "", errors.New("the secret has it more than once")
	}
	raw := bytes.TrimSpace(found[0])
	switch raw[0] {
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", errors.New("its text is not JSON")
		}
		if undecoded(text) {
			return "", errUndecoded
		}
		return text, nil
	case '{', '[':
		return "", errors.New("its value is an object or a list; it must be a text")
	case 'n':
		return "", errors.New("its value is null; it must be a text")
	}
	return string(raw), nil
}

func (f fields) isText(key string) bool {
	found := f[key]
	return len(found) > 0 && bytes.TrimSpace(found[0])[0] == '"'
}

const maxNames = 20

// nameable reports whether this looks like the name of a key: in a secret that was written the wrong way round, keys are
// values. Names are short and have a digit or two; what a machine made up has more.
func nameable(key string) bool {
	return keyForm.MatchString(key) && !digits.MatchString(key)
}

var keyForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,31}$`)

var digits = regexp.MustCompile(`[0-9](.*[0-9]){2}`)

// names tells which keys there are.
func (f fields) names() string {
	var all []string
	for key := range f {
		if nameable(key) {
			all = append(all, key)
		}
	}
	if len(all) == 0 {
		return fmt.Sprintf("it has %d keys", len(f))
	}
	slices.Sort(all)
	more := ""
	if n := len(f) - min(len(all), maxNames); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return "it has " + strings.Join(all[:min(len(all), maxNames)], ", ") + more
}
