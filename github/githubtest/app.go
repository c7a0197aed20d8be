package githubtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// AppKey is the private key of the App, in PEM. It is made at the first call.
func (s *Server) AppKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return pemOf(s.key())
}

// RotateAppKey makes another key for the App and gives it. The one before is refused from now on.
func (s *Server) RotateAppKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appKey = nil
	return pemOf(s.key())
}

func (s *Server) key() *rsa.PrivateKey {
	if s.appKey == nil {
		s.appKey, _ = rsa.GenerateKey(rand.Reader, 2048) // fails only where the system has no entropy
	}
	return s.appKey
}

func pemOf(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// SetTokenLifetime is how long the next tokens of the installation are valid; an hour by default.
func (s *Server) SetTokenLifetime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

// RevokeInstallationTokens refuses all tokens that were issued so far.
func (s *Server) RevokeInstallationTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.installation)
}

// proves reports whether a token is the App's own proof: its key, and a time of at most ten minutes around now. The caller
// holds the lock.
func (s *Server) proves(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || s.appKey == nil {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&s.appKey.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Iss      string
		Iat, Exp int64
	}
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return false
	}
	now := time.Now().Unix()
	return claims.Iss == AppID && claims.Iat <= now && claims.Exp > now && claims.Exp <= now+600
}

// issue gives a token of the installation, in the form that has dots since 2026. The caller holds the lock.
func (s *Server) issue(path string, asked wire.Asked) wire.Answer {
	if path != fmt.Sprintf("/app/installations/%d/access_tokens", Installation) {
		return problem(http.StatusNotFound, "Not Found")
	}
	s.front.Did(asked)
	s.number++
	until := time.Now().Add(s.lifetime)
	token := fmt.Sprintf("ghs_%s_eyJ.demo.%d", AppID, s.number)
	s.installation[token] = until
	return answerOf(http.StatusCreated, object{
		"token": token, "expires_at": until.UTC().Format(time.RFC3339Nano), "permissions": object{"contents": "read", "metadata": "read"},
		"repository_selection": "all",
	})
}
