package redshifttest

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the protocol's own
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Auth is how the server asks for passwords.
type Auth uint8

// Redshift asks for MD5.
const (
	MD5 Auth = iota
	Cleartext
	SCRAM
)

type account struct {
	password string
	expires  time.Time // zero: never
}

// SetAuth changes how connections made from now on are asked for their password.
func (s *Server) SetAuth(a Auth) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.auth = a
}

// AddUser adds an account, or replaces the one of that name.
func (s *Server) AddUser(user, password string) { s.setAccount(user, account{password: password}) }

// SetPassword is AddUser for an account that is there. Connections that are open stay so, as they do on the real server.
func (s *Server) SetPassword(user, password string) { s.AddUser(user, password) }

func (s *Server) setAccount(user string, a account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[user] = a
}

func (s *Server) account(user string) (account, Auth, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[user]
	known = known && (a.expires.IsZero() || time.Now().Before(a.expires))
	return a, s.auth, known
}

// authenticate asks for the password. Which of user and password is wrong is not told.
func (c *conn) authenticate(user string) error {
	a, how, known := c.server.account(user)
	right, err := false, error(nil)
	switch how {
	case Cleartext:
		right, err = c.cleartext(a.password)
	case SCRAM:
		right, err = c.scram(a.password)
	default:
		right, err = c.digest(user, a.password)
	}
	if err != nil {
		return err
	}
	if !right || !known {
		return fatal("28000", "password authentication failed for user %q", user)
	}
	return nil
}

// password is what the client answers to a question.
func (c *conn) password(question pgproto3.BackendMessage, kind uint32) (string, error) {
	c.backend.Send(question)
	if err := c.backend.Flush(); err != nil {
		return "", err
	}
	if err := c.backend.SetAuthType(kind); err != nil {
		return "", err
	}
	answer, err := c.backend.Receive()
	if err != nil {
		return "", err
	}
	m, ok := answer.(*pgproto3.PasswordMessage)
	if !ok {
		return "", fatal("08P01", "expected password response, got message type %T", answer)
	}
	return m.Password, nil
}

func (c *conn) cleartext(password string) (bool, error) {
	got, err := c.password(&pgproto3.AuthenticationCleartextPassword{}, pgproto3.AuthTypeCleartextPassword)
	return hmac.Equal([]byte(got), []byte(password)), err
}

func (c *conn) digest(user, password string) (bool, error) {
	var salt [4]byte
	_, _ = rand.Read(salt[:]) // never fails
	got, err := c.password(&pgproto3.AuthenticationMD5Password{Salt: salt}, pgproto3.AuthTypeMD5Password)
	want := "md5" + md5Hex(md5Hex(password+user)+string(salt[:]))
	return hmac.Equal([]byte(got), []byte(want)), err
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

const scramIterations = 4096

// scram is the server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.
func (c *conn) scram(password string) (bool, error) {
	c.backend.Send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	if err := c.backend.Flush(); err != nil {
		return false, err
	}
	_ = c.backend.SetAuthType(pgproto3.AuthTypeSASL)
	first, err := c.backend.Receive()
	if err != nil {
		return false, err
	}
	initial, ok := first.(*pgproto3.SASLInitialResponse)
	if !ok || initial.AuthMechanism != "SCRAM-SHA-256" {
		return false, fatal("08P01", "unexpected answer to SASL")
	}
	bare := string(initial.Data[strings.Index(string(initial.Data), "n="):])
	nonce := attribute(bare, "r") + base64.StdEncoding.EncodeToString(random(18))
	salt := random(16)
	challenge := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString(salt), scramIterations)
	c.backend.Send(&pgproto3.AuthenticationSASLContinue{Data: []byte(challenge)})
	if err := c.backend.Flush(); err != nil {
		return false, err
	}
	_ = c.backend.SetAuthType(pgproto3.AuthTypeSASLContinue)
	second, err := c.backend.Receive()
	if err != nil {
		return false, err
	}
	final, ok := second.(*pgproto3.SASLResponse)
	if !ok {
		return false, fatal("08P01", "unexpected answer to SASL")
	}
	return c.scramFinal(password, salt, nonce, bare+","+challenge, string(final.Data))
}

func (c *conn) scramFinal(password string, salt []byte, nonce, soFar, final string) (bool, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return false, err
	}
	unproven, proof, _ := strings.Cut(final, ",p=")
	message := soFar + "," + unproven
	clientKey := keyed(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	signature := keyed(stored[:], message)
	for i := range clientKey {
		clientKey[i] ^= signature[i]
	}
	got, err := base64.StdEncoding.DecodeString(proof)
	if err != nil || attribute(unproven, "r") != nonce || !hmac.Equal(got, clientKey) {
		return false, nil
	}
	server := base64.StdEncoding.EncodeToString(keyed(keyed(salted, "Server Key"), message))
	c.backend.Send(&pgproto3.AuthenticationSASLFinal{Data: []byte("v=" + server)})
	return true, nil
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// attribute is the value of one letter in a SCRAM message.
func attribute(message, letter string) string {
	for part := range strings.SplitSeq(message, ",") {
		if value, ok := strings.CutPrefix(part, letter+"="); ok {
			return value
		}
	}
	return ""
}
