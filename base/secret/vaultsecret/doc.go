// Package vaultsecret reads secrets from HashiCorp Vault or OpenBao, for the references of a configuration, and takes accounts
// from the engines that issue them.
//
//	store, err := vaultsecret.New(ctx, vaultsecret.Config{
//		Address: "https://vault.example:8200",
//		AppRole: vaultsecret.AppRole{RoleID: "…", SecretID: secretID},
//	})
//	defer store.Close()
//	secrets := secret.Resolver{"vault": store.Open}
//	client, err := redshift.New(ctx, config, base.WithSecrets(secrets)) // a password of vault://database/creds/reader
//
// The scheme is the entry of the resolver: stores of two servers, namespaces or logins are two entries.
//
// # References
//
//	vault://mount/path               the key password of a secret, or of an account that is issued
//	vault://mount/path#key           another key
//	vault://mount/path?version=3#key a version of KV v2; it never changes
//
// The path is the secret's, as the command line of Vault has it: without the data/ that the API puts in, and without a slash at
// its end. Its parts and the key are percent-decoded, a plus sign stays one, and a slash is always one between parts. The store
// asks the server at which mount the path begins, and whether that is KV v2, KV v1 or another engine.
//
// # Values
//
// A key's value is a text, or a number, true or false as it is written there; null, objects and lists are no values. Whatever
// is read is checked by [secret.Stored]. Where the key is password and there is a text username beside it, the snapshot has
// that user: clients use it in place of the one that they are configured with.
//
// A value of KV has no end: a [secret.Cache] asks for it again in time, and at once when a server has refused it. A deleted or
// destroyed version is an error.
//
// # Accounts with leases
//
// Each source holds one account. When it is asked again it renews the lease: the version stays, the end moves. It takes another
// account when renewing is refused or brings less than half of the first life, when the lease is gone, and when the server of
// the account has refused it. An account ends with its lease or with the store's token, whichever is first, counted on the
// clock that does not jump, from before the request.
//
// An account that was replaced stays, for connections that were opened with it, until its lease runs out or [Store.Close]
// revokes it. A source has at most three at a time: before it takes a fourth, it revokes the oldest.
//
// # Tokens
//
// The store logs in when it is first asked, and one goroutine renews the token at half of its life, and logs in anew when
// renewals end. Logins come one at a time, and after one that fails there is a pause, which doubles from one second to a
// minute. A 403 is taken for the end of the token if it may not look itself up any more.
//
// # Errors
//
// They name the reference and what to change, and never hold a value or a token. They match [secret.ErrUnresolved], or
// [secret.ErrEmpty], and one of the errors of this package, and are an [*Error]. The errors of Vault's library and of base are
// not in their tree: a store that is down must not look to a guard as if the source were. Of what the server says they quote
// what it says of requests, and nothing of its own failures, which may hold the statement that made an account.
package vaultsecret
