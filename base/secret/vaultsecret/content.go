package vaultsecret

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// snapshot is what the reference names of the data. Without a version it is told by user and value.
func (r reference) snapshot(data map[string]any, version string) (secret.Snapshot, error) {
	value, err := valueOf(data, r.key)
	switch {
	case errors.Is(err, errAbsent):
		return secret.Snapshot{}, r.fail(ErrKey, fmt.Sprintf("the secret has no key %q; %s", r.key, names(data)))
	case err != nil:
		return secret.Snapshot{}, r.fail(secret.ErrMalformed, fmt.Sprintf("the key %q: %s", r.key, err))
	}
	user, err := r.user(data)
	if err != nil {
		return secret.Snapshot{}, err
	}
	snap, err := secret.Stored(value, version, time.Time{})
	if err != nil {
		return secret.Snapshot{}, r.bad("the key "+strconv.Quote(r.key), err)
	}
	if version == "" && user != "" {
		snap.Version = secret.NewSnapshot(user+"\x00"+value, "", time.Time{}).Version
	}
	return snap.OfUser(user), nil
}

// user is the account that stands beside a password; empty = none.
func (r reference) user(data map[string]any) (string, error) {
	user, ok := data[keyUser].(string)
	if r.key != keyPassword || !ok || user == "" {
		return "", nil
	}
	if _, err := secret.Stored(user, "", time.Time{}); err != nil {
		return "", r.bad("the key "+keyUser+" beside it", err)
	}
	return user, nil
}

// bad is an error of secret.Stored with the reference.
func (r reference) bad(of string, err error) *Error {
	for _, reason := range []error{secret.ErrEmpty, secret.ErrMalformed} {
		if errors.Is(err, reason) {
			return r.fail(reason, of+": "+strings.TrimPrefix(err.Error(), reason.Error()+": "))
		}
	}
	return r.fail(secret.ErrMalformed, of)
}

var errAbsent = errors.New("absent")

// valueOf is the text of a key: of a number, true or false as it is written. Ports and switches are kept so.
func valueOf(data map[string]any, key string) (string, error) {
	value, found := data[key]
	if !found {
		return "", errAbsent
	}
	switch v := value.(type) {
	case string:
		if strings.ContainsRune(v, '\uFFFD') { // a decoder of JSON puts it in without a word, and the password is another one
			return "", errors.New("it holds U+FFFD, which stands for what could not be decoded")
		}
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	case nil:
		return "", errors.New("its value is null; it must be a text")
	}
	return "", errors.New("its value is an object or a list; it must be a text")
}

const maxNames = 20

// nameable is what looks like the name of a key: in a secret that was written the wrong way round, keys are values.
var nameable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,39}$`)

// names tells which keys there are.
func names(data map[string]any) string {
	all := slices.Sorted(maps.Keys(data))
	all = slices.DeleteFunc(all, func(key string) bool { return !nameable.MatchString(key) })
	all = all[:min(len(all), maxNames)]
	if len(all) == 0 {
		return fmt.Sprintf("it has %d keys", len(data))
	}
	more := ""
	if n := len(data) - len(all); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return "it has " + strings.Join(all, ", ") + more
}
