package canary

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// Set is some planted secrets and the count of what was searched for them. It is safe for concurrent use; plant before
// the first sweep, for what was swept before is not swept again. The zero value is not usable; make it with New.
type Set struct {
	mu     sync.Mutex
	random *rand.Rand
	fields []string
	index  *index
	tally  Tally
}

// Tally counts a Set's work.
type Tally struct {
	Secrets int // planted
	Fields  int // in which they stand
	Texts   int // swept
	Bytes   int64
	Found   int
}

// New makes an empty Set whose secrets follow from the seed, so that a failure can be met again.
func New(seed string) *Set {
	return &Set{random: rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed)))), index: newIndex()} //nolint:gosec // they open nothing
}

const (
	digits   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	plainish = digits + "-._~+/="
	// difficult are letters that one encoding or another changes.
	difficult = "\"\\%+/&<>'=?#;:@ é漢$`{}"
)

// Password is a new secret of 40 letters, of which every encoding changes some. It is planted in the named field.
func (s *Set) Password(field string) string {
	text := []rune(s.text(digits, 40))
	marks := []rune(difficult)
	s.mu.Lock()
	for i, at := range s.random.Perm(len(text) - 2)[:len(marks)] {
		text[at+1] = marks[i] // neither the first nor the last, which loaders trim
	}
	s.mu.Unlock()
	return s.Plant(field, string(text))
}

// ASCII is a Password without letters beyond ASCII, spaces and colons, as the header of a request takes it.
func (s *Set) ASCII(field string) string {
	text := []byte(s.text(digits, 40))
	for i, mark := range []byte("\"\\%+/&<>'=?#;@$`{}") {
		text[2*i+1] = mark
	}
	return s.Plant(field, string(text))
}

// Token is a new secret of 48 letters that a bearer token may have (RFC 6750, section 2.1). It is planted in the field.
func (s *Set) Token(field string) string {
	return s.Plant(field, s.text(digits, 2)+s.text(plainish, 43)+s.text(digits, 3))
}

// JWT is a new secret in three parts with dots between them, as a JSON Web Token has. It is planted in the field.
func (s *Set) JWT(field string) string {
	return s.Plant(field, "eyJ"+s.text(digits, 30)+"."+s.text(digits+"-_", 60)+"."+s.text(digits+"-_", 43))
}

// AWSKey is a new access key of AWS as id:secret, with a third part where it is a temporary one. The id is no secret.
func (s *Set) AWSKey(field string, temporary bool) (id, secret, token string) {
	id = "AKIA" + strings.ToUpper(s.text(digits, 16))
	secret = s.Plant(field, s.text(digits+"+/", 40))
	if temporary {
		token = s.Plant(field, s.text(digits+"+/=", 120))
	}
	return id, secret, token
}

// PEM is a new private key, PKCS #8 in PEM. It is planted in the field.
func (s *Set) PEM(field string) string {
	s.mu.Lock()
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(s.random.Uint32())
	}
	seed[0] &= 0x7F // below the order of the curve
	s.mu.Unlock()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed)
	if err != nil {
		return ""
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ""
	}
	return s.Plant(field, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// Plant has a secret that came from elsewhere searched for too, and gives it back. Of a PEM text the secret is
// the content from its second line on, for the first says which sort of key it is. What has less than eight letters is none, for it stands in other texts by chance.
func (s *Set) Plant(field, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.Secrets++
	if !slices.Contains(s.fields, field) {
		s.fields = append(s.fields, field)
		s.tally.Fields++
	}
	if block, _ := pem.Decode([]byte(text)); block != nil {
		lines := strings.Split(strings.TrimSpace(text), "\n")
		body := lines[min(2, len(lines)-1) : len(lines)-1]
		s.index.add(field, strings.Join(body, "\n"))
		s.index.add(field, strings.Join(body, ""))
		return text
	}
	s.index.add(field, text)
	return text
}

func (s *Set) text(alphabet string, n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.random.IntN(len(alphabet))]
	}
	return string(b)
}
