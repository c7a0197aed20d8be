// Package awssecrettest is an AWS Secrets Manager in process, for tests of programs that read their secrets from one. It speaks
// AWS JSON 1.1 over HTTP on a port of 127.0.0.1.
//
//	server := awssecrettest.NewServer()
//	defer server.Close()
//	server.Put("prod/db", `{"username":"reader","password":"demo"}`)
//	store, err := awssecret.New(ctx, server.Config())
//
// It keeps what it was asked, fails on demand, and has secrets with versions and staging labels, which a test changes by
// methods of Go or a program by the API: CreateSecret, PutSecretValue, UpdateSecretVersionStage, DescribeSecret, DeleteSecret,
// RestoreSecret and GetSecretValue. [Server.Rotate] takes a secret through the four steps of a rotation, one at a time.
//
// # As AWS documents it
//
// A label is on one version at a time. Where AWSCURRENT moves, AWSPREVIOUS goes to the version that had it. PutSecretValue
// without labels makes the version current, and with a token that is known already gives the version it made, or an error if
// the value differs. A secret that is marked for deletion answers no reads until it is restored. A secret is found by its
// name, its ARN, or its ARN without the six characters at its end (AWS Secrets Manager API Reference: the operations above;
// AWS Secrets Manager User Guide: How rotation works).
//
// # Where it differs from the real service
//
// Of a signature it checks the access key, the session token, the region and the service, and neither the time nor the
// signature itself. There are no policies: [Server.Deny] and [Server.Refuse] say who may not. There are no keys of KMS. Versions
// without a label stay for ever. No rotation begins by itself. The service takes a while until all of it has seen a change;
// this one has it at once.
package awssecrettest
