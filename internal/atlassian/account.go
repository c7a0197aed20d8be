// Package atlassian is what Jira Cloud and Confluence Cloud have in common: where a site is reached, the account that asks,
// and the refusals.
package atlassian

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
)

// Gateway is where a site is reached by its cloud id. Tokens with scopes, and those of service accounts, work there alone:
// https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/
const Gateway = "https://api.atlassian.com"

// cloudID is the form of the id of a site.
var cloudID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

// CheckCloudID says what is wrong with the id of a site; empty is right.
func CheckCloudID(id string) error {
	if id != "" && !cloudID.MatchString(id) {
		return errors.New("not the id of a site; it is what https://<site>/_edge/tenant_info gives as cloudId")
	}
	return nil
}

// BaseURL is where a product ("jira" or "confluence") of a site is reached: at the gateway with a cloud id, else at the site
// itself. The path of the API follows. A gateway that is not empty replaces the public one.
func BaseURL(product, site, cloudID, gateway string) string {
	if cloudID == "" {
		return strings.TrimRight(site, "/")
	}
	if gateway == "" {
		gateway = Gateway
	}
	return strings.TrimRight(gateway, "/") + "/ex/" + product + "/" + cloudID
}

// CheckSite says what is wrong with the URL of a site; empty is right.
func CheckSite(text string) error {
	if text == "" {
		return nil
	}
	_, err := rest.ParseBaseURL(text)
	return err
}

// CheckEmail says what is wrong with the name of an account; empty is right.
func CheckEmail(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7F }) || strings.Contains(text, ":") {
		return errors.New("a space, a control character or a colon cannot stand in it")
	}
	return nil
}

// Account is who asks: an e-mail and its API token, or a bearer token where there is no e-mail, as service accounts have.
type Account struct {
	*login.Secret
	email string
}

// NewAccount makes an account; its errors do not name the field.
func NewAccount(ctx context.Context, email string, token secret.Value, resolver secret.Resolver) (*Account, error) {
	kept, err := login.New(ctx, token, resolver)
	if err != nil {
		return nil, err
	}
	return &Account{kept, email}, nil
}

// Sign puts the present token on one attempt.
func (a *Account) Sign(req *http.Request, _ []byte) error {
	token, err := a.Show(req.Context())
	if err != nil {
		return err
	}
	if a.email == "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
		return nil
	}
	pair := base64.StdEncoding.EncodeToString([]byte(cmp.Or(token.User, a.email) + ":" + token.Reveal()))
	a.Remember(pair)
	req.Header.Set("Authorization", "Basic "+pair)
	return nil
}
