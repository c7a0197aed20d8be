package github

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
)

var opInstallationToken = &base.Op{Name: "InstallationToken"}

// app is the source of tokens for an installation of an App. Each is valid for an hour.
type app struct {
	config App
	key    *login.Secret
	rest   *rest.Client
	prefix string // of the path
}

// Get asks for a new token.
func (a *app) Get(ctx context.Context) (secret.Snapshot, error) {
	type answer struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	path := a.prefix + "/app/installations/" + strconv.FormatInt(a.config.Installation, 10) + "/access_tokens"
	got, _, err := rest.JSON[answer](login.Noting(ctx), a.rest, rest.Request{Op: opInstallationToken, Method: http.MethodPost, Path: path})
	if err != nil {
		return secret.Snapshot{}, err
	}
	if got.Token == "" || !got.ExpiresAt.After(time.Now()) {
		return secret.Snapshot{}, errNoToken
	}
	return secret.NewSnapshot(got.Token, "", got.ExpiresAt), nil
}

var errNoToken = errors.New("the answer holds no token that is still valid; check the clock of this machine")

// sign puts the App's own proof on an attempt.
func (a *app) sign(req *http.Request, _ []byte) error {
	text, err := a.key.Show(req.Context())
	if err != nil {
		return err
	}
	key, err := parseKey(text.Reveal())
	if err != nil {
		return base.Invalid(a.rest.Guard().Name(), opInstallationToken.Name, "%s", named("app.private_key", err))
	}
	token, err := proof(a.config.ID, key, time.Now())
	if err != nil {
		return err
	}
	a.key.Remember(token)
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// How a proof lies around the present: GitHub's clock may be behind, and a proof of more than ten minutes is refused.
const (
	issuedBefore = time.Minute
	validFor     = 9 * time.Minute
)

// proof is a JSON Web Token that says which App asks, signed by RS256 (RFC 7519, RFC 7518).
func proof(id string, key *rsa.PrivateKey, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iss": id, "iat": now.Add(-issuedBefore).Unix(), "exp": now.Add(validFor).Unix()})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

var (
	errNotPEM = errors.New("not a key in PEM, as the file that GitHub gives holds it")
	errNotRSA = errors.New("the PEM holds no RSA key of at least 2048 bits")
)

const leastBits = 2048

// parseKey reads a key; its errors hold nothing of it.
func parseKey(text string) (*rsa.PrivateKey, error) {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	block, _ := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil {
		return nil, errNotPEM
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		other, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errNotRSA
		}
		var ok bool
		if key, ok = other.(*rsa.PrivateKey); !ok {
			return nil, errNotRSA
		}
	}
	if key.N.BitLen() < leastBits {
		return nil, errNotRSA
	}
	return key, nil
}

// checkLiteral says what is wrong with a key that stands in the Config itself.
func checkLiteral(v secret.Value) error {
	ctx := context.Background()
	source, err := v.Source(ctx, nil)
	if err != nil {
		return err
	}
	text, err := source.Get(ctx)
	if err != nil {
		return err
	}
	_, err = parseKey(text.Reveal())
	return err
}
