// Package awssecret reads secrets from AWS Secrets Manager, for the references of a configuration.
//
//	store, err := awssecret.New(ctx, awssecret.Config{Region: "eu-west-1"})
//	defer store.Close()
//	secrets := secret.Resolver{"awssm": store.Open}
//	client, err := clickhouse.New(ctx, config, base.WithSecrets(secrets)) // a password of awssm://prod/clickhouse#password
//
// The scheme is the entry of the resolver: stores of two regions or accounts are two entries, such as awssm and awssm-us.
//
// # References
//
//	awssm://name             the whole text of the secret
//	awssm://name#key         one key of a secret whose text is a JSON object
//	awssm://name?stage=X     the version with this staging label instead of AWSCURRENT
//	awssm://name?version=X   the version with this id, whatever its labels; it never rotates
//
// The name is the secret's, slashes included, or its ARN, whole or without the six characters at its end. It is what stands
// between :// and the first question mark or hash, so that awssm:///prod/db names the secret /prod/db. Name, label, id and
// key are percent-decoded, a plus sign stays one. A stage or version goes before the key, and one of the two at most.
//
// # Values
//
// A key's value is a text, or a number, true or false as it is written there; null, objects and lists are no values. Whatever
// is read is checked by [secret.Stored] and is 64 KiB at most, as in the service. Binary secrets are not read. Where the key
// is password and the secret holds a text username beside it, as those of databases do, the snapshot has that user: a rotation
// that alternates between two accounts changes both at once.
//
// # Rotation
//
// A [secret.Cache], which every client puts before a store, asks again in time, and at once when a server has refused a
// version. The version of a snapshot is that of the secret, and its key. AWSPENDING, the version that a rotation is trying
// out, is never handed out, whether it is asked for or not.
//
// # Errors
//
// They name the reference and what to change, and never hold a value. They match [secret.ErrUnresolved], or [secret.ErrEmpty],
// and one of the errors of this package, and are an [*Error]. The errors of AWS and of base are not in their tree: a store
// that is down must not look to a guard as if the source were.
package awssecret
