package redshift

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"

	"github.com/fourkites/sources/base/secret"
)

// clusterAPI is what is asked of Redshift's API for a cluster.
type clusterAPI interface {
	GetClusterCredentials(context.Context, *redshift.GetClusterCredentialsInput, ...func(*redshift.Options)) (*redshift.GetClusterCredentialsOutput, error)
	GetClusterCredentialsWithIAM(context.Context, *redshift.GetClusterCredentialsWithIAMInput, ...func(*redshift.Options)) (*redshift.GetClusterCredentialsWithIAMOutput, error)
}

// workgroupAPI is what is asked of Redshift Serverless.
type workgroupAPI interface {
	GetCredentials(context.Context, *redshiftserverless.GetCredentialsInput, ...func(*redshiftserverless.Options)) (*redshiftserverless.GetCredentialsOutput, error)
}

var (
	_ clusterAPI   = (*redshift.Client)(nil)
	_ workgroupAPI = (*redshiftserverless.Client)(nil)
)

// iam is the source of users and passwords that AWS issues. The guard retries, so the SDK does not.
type iam struct {
	iam            IAM
	user, database string
	transport      http.RoundTripper
	keys           atomic.Pointer[signingKeys]

	mu        sync.Mutex
	cluster   clusterAPI
	workgroup workgroupAPI
}

func newIAM(c Config, transport http.RoundTripper) *iam {
	return &iam{iam: c.IAM, user: c.User, database: c.Database, transport: transport}
}

// Get asks AWS for a user and a password.
func (i *iam) Get(ctx context.Context) (secret.Snapshot, error) {
	if err := i.prepare(ctx); err != nil {
		return secret.Snapshot{}, fmt.Errorf("iam: %w", err)
	}
	user, password, expires, err := i.ask(ctx)
	if err != nil {
		return secret.Snapshot{}, fmt.Errorf("iam: %w", withoutAnswer(err, i.secrets()))
	}
	if user == "" || password == "" {
		return secret.Snapshot{}, fmt.Errorf("iam: %w: AWS issued no user or no password", secret.ErrEmpty)
	}
	return secret.NewSnapshot(joinPair(user, password), "", expires), nil
}

// secrets are the credentials of AWS that requests were signed with.
func (i *iam) secrets() []string {
	if keys := i.keys.Load(); keys != nil {
		return keys.secrets()
	}
	return nil
}

// prepare finds the credentials and the region of the environment, once; a failure is tried again.
func (i *iam) prepare(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cluster != nil || i.workgroup != nil {
		return nil
	}
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
	}
	if i.iam.Region != "" {
		options = append(options, config.WithRegion(i.iam.Region))
	}
	if i.iam.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(i.iam.Endpoint))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return &settingsError{err}
	}
	if loaded.Region == "" {
		return &settingsError{errors.New("no region: set iam.region, or AWS_REGION")}
	}
	keys := &signingKeys{provider: loaded.Credentials}
	i.keys.Store(keys)
	loaded.Credentials = keys
	if i.transport != nil {
		loaded.HTTPClient = &http.Client{Transport: i.transport}
	}
	if i.iam.Workgroup != "" {
		i.workgroup = redshiftserverless.NewFromConfig(loaded)
	} else {
		i.cluster = redshift.NewFromConfig(loaded)
	}
	return nil
}

// settingsError is what is wrong with the AWS settings of the process.
type settingsError struct{ err error }

func (e *settingsError) Error() string { return "AWS settings: " + e.err.Error() }

func (e *settingsError) Unwrap() error { return e.err }

func (i *iam) ask(ctx context.Context) (user, password string, expires time.Time, err error) {
	seconds := aws.Int32(int32(max(i.iam.Duration.D(), shortestPassword).Seconds()))
	switch {
	case i.iam.Workgroup != "":
		out, err := i.workgroup.GetCredentials(ctx, &redshiftserverless.GetCredentialsInput{
			WorkgroupName: &i.iam.Workgroup, DbName: &i.database, DurationSeconds: seconds,
		})
		if err != nil {
			return "", "", time.Time{}, err
		}
		return aws.ToString(out.DbUser), aws.ToString(out.DbPassword), aws.ToTime(out.Expiration), nil
	case i.user != "":
		out, err := i.cluster.GetClusterCredentials(ctx, &redshift.GetClusterCredentialsInput{
			ClusterIdentifier: &i.iam.ClusterID, DbUser: &i.user, DbName: &i.database, DurationSeconds: seconds,
			DbGroups: i.iam.Groups, AutoCreate: aws.Bool(false),
		})
		if err != nil {
			return "", "", time.Time{}, err
		}
		return aws.ToString(out.DbUser), aws.ToString(out.DbPassword), aws.ToTime(out.Expiration), nil
	}
	out, err := i.cluster.GetClusterCredentialsWithIAM(ctx, &redshift.GetClusterCredentialsWithIAMInput{
		ClusterIdentifier: &i.iam.ClusterID, DbName: &i.database, DurationSeconds: seconds,
	})
	if err != nil {
		return "", "", time.Time{}, err
	}
	return aws.ToString(out.DbUser), aws.ToString(out.DbPassword), aws.ToTime(out.Expiration), nil
}
