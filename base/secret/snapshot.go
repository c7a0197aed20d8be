package secret

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Source supplies a secret. Get returns the current snapshot, honours the context, and is safe for concurrent use.
// Its errors name the reference and never hold the value.
type Source interface {
	Get(ctx context.Context) (Snapshot, error)
}

// SourceFunc is a function as a [Source].
type SourceFunc func(ctx context.Context) (Snapshot, error)

// Get calls the function.
func (f SourceFunc) Get(ctx context.Context) (Snapshot, error) { return f(ctx) }

// Snapshot is one version of a secret. Printing it shows the version and the expiry only.
type Snapshot struct {
	// Version tells this value from its predecessor and successor. It is not secret.
	Version string
	// Expires is when the value stops being valid; zero means that the source does not say.
	Expires time.Time
	// User is the account that the secret belongs to, where the store issues or keeps both together; empty means the
	// account of the configuration. It is not secret.
	User  string
	value Value
}

// NewSnapshot makes a snapshot. An empty version is derived from the text with a key of this process: equal texts have
// equal versions, and nobody can test a guess against it. A zero time is a value without expiry.
func NewSnapshot(text, version string, expires time.Time) Snapshot {
	if version == "" && text != "" {
		version = digest(text)
	}
	return Snapshot{Version: version, Expires: expires, value: Literal(text)}
}

// OfUser is the snapshot as the secret of that account.
func (s Snapshot) OfUser(user string) Snapshot {
	s.User = user
	return s
}

// Reveal is the secret itself. The caller keeps it out of errors, logs and URLs.
func (s Snapshot) Reveal() string {
	if s.value.c == nil {
		return ""
	}
	return s.value.c.text()
}

// Bytes is the secret itself in memory of the caller's own.
func (s Snapshot) Bytes() []byte { return []byte(s.Reveal()) }

// IsZero reports whether the snapshot holds no secret.
func (s Snapshot) IsZero() bool { return s.value.IsZero() }

// String names the version and the expiry, never the value.
func (s Snapshot) String() string {
	expires := "never"
	if !s.Expires.IsZero() {
		expires = s.Expires.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("version %s expires %s %s", s.Version, expires, Redacted)
}

// Format prints String for every verb.
func (s Snapshot) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is a group of version and expiry.
func (s Snapshot) LogValue() slog.Value {
	return slog.GroupValue(slog.String("version", s.Version), slog.Time("expires", s.Expires))
}

// fingerprintKey lives as long as the process, so a version means nothing outside it.
var fingerprintKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return key
})

func digest(text string) string {
	mac := hmac.New(sha256.New, fingerprintKey())
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
