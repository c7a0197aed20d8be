// Package vaultsecrettest is a HashiCorp Vault in process, for tests of programs that read their secrets from one. It speaks
// the HTTP API of Vault and OpenBao on a port of 127.0.0.1.
//
//	server := vaultsecrettest.NewServer()
//	defer server.Close()
//	server.Put("secret/app", map[string]any{"username": "reader", "password": "demo"})
//	store, err := vaultsecret.New(ctx, server.Config())
//
// It has KV v2 at secret/, with versions that can be deleted and destroyed, KV v1 at kv/, the database engine at database/,
// which issues accounts with leases and tells a test of each, and logins by AppRole and Kubernetes, with tokens that end, that
// are renewed up to their longest life, and whose leases end with them. It keeps what it was asked, fails on demand, and can be
// sealed, a standby, or not initialised.
//
// # Where it differs from the real server
//
// There are no policies and no namespaces: a token may do everything but what [Server.Deny] forbids to all. Nothing ends by
// itself at its time, but before the next request or question: then accounts that are over are told to have been revoked.
// Nothing is stored: a server that is gone is empty.
package vaultsecrettest
