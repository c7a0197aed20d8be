package vaultsecret

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base/secret"
)

// stored reads from KV.
func (s *source) stored(ctx context.Context) (secret.Snapshot, error) {
	r := s.reference
	path, params := s.mount.root+s.mount.rest, map[string][]string(nil)
	switch {
	case s.mount.engine == kv2:
		path = s.mount.root + "data/" + s.mount.rest
		if r.version != 0 {
			params = map[string][]string{"version": {strconv.Itoa(r.version)}}
		}
	case r.version != 0:
		return secret.Snapshot{}, r.fail(ErrReference, "the engine there keeps no versions; leave out ?version=")
	}
	out, _, err := s.store.ask(ctx, opRead, read(path, params))
	switch {
	case err != nil:
		return secret.Snapshot{}, err
	case out == nil || out.Data == nil:
		return secret.Snapshot{}, s.absent()
	case s.mount.engine == kv1:
		return r.snapshot(out.Data, "")
	}
	return r.versioned(out.Data)
}

// absent says that there is nothing, and in what one of the common mistakes lies.
func (s *source) absent() error {
	if s.mount.engine == kv2 && strings.HasPrefix(s.mount.rest, "data/") {
		return s.reference.fail(ErrNotFound, "leave out data/, which belongs to the path of the API and not to the secret's")
	}
	return s.reference.fail(ErrNotFound, "")
}

// versioned is the value of a version of KV v2. A deleted or destroyed one is an answer without data.
func (r reference) versioned(answer map[string]any) (secret.Snapshot, error) {
	metadata, _ := answer["metadata"].(map[string]any)
	data, _ := answer["data"].(map[string]any)
	number, _ := metadata["version"].(json.Number)
	created, _ := metadata["created_time"].(string)
	deleted, _ := metadata["deletion_time"].(string)
	switch {
	case metadata == nil || number == "":
		return secret.Snapshot{}, r.fail(ErrAnswer, "an answer without a version")
	case metadata["destroyed"] == true:
		return secret.Snapshot{}, r.fail(ErrDestroyed, "version "+number.String())
	case data == nil && deleted != "":
		return secret.Snapshot{}, r.fail(ErrDeleted, fmt.Sprintf("version %s, at %.40q", number, deleted))
	case data == nil:
		return secret.Snapshot{}, r.fail(secret.ErrEmpty, "version "+number.String())
	}
	// Numbers begin anew where all of a secret was removed; the time does not.
	return r.snapshot(data, fmt.Sprintf("%s/%s#%s", number, created, r.key))
}
