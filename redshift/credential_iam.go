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
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/awschain"
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
	keys           atomic.Pointer[awschain.Keys]

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
		return secret.Snapshot{}, fmt.Errorf("iam: %w", i.withoutAnswer(err))
	}
	if user == "" || password == "" {
		return secret.Snapshot{}, fmt.Errorf("iam: %w: AWS issued no user or no password", secret.ErrEmpty)
	}
	return secret.NewSnapshot(password, "", expires).OfUser(user), nil
}

// secrets are the credentials of AWS that requests were signed with.
func (i *iam) secrets() []string {
	if keys := i.keys.Load(); keys != nil {
		return keys.Secrets()
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
	loaded, keys, err := awschain.Load(ctx, awschain.Options{Region: i.iam.Region, Endpoint: i.iam.Endpoint, Transport: i.transport})
	if err != nil {
		return err
	}
	i.keys.Store(keys)
	if i.iam.Workgroup != "" {
		i.workgroup = redshiftserverless.NewFromConfig(loaded)
	} else {
		i.cluster = redshift.NewFromConfig(loaded)
	}
	return nil
}

// withoutAnswer keeps out what AWS answered; what cannot be understood is malformed.
func (i *iam) withoutAnswer(err error) error {
	err = awschain.WithoutAnswer(err, i.secrets())
	if e, ok := errors.AsType[*awschain.MalformedError](err); ok {
		return malformed("%s", e)
	}
	return err
}

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

// awsVerdicts are the codes that mean more here than elsewhere.
var awsVerdicts = map[string]awschain.Verdict{
	"AccessDenied":                      {Kind: base.KindPermission, Hint: base.HintOf("the identity may not ask for credentials of the database")},
	"AccessDeniedException":             {Kind: base.KindPermission, Hint: base.HintOf("the identity may not ask for credentials of the database")},
	"ClusterNotFound":                   {Kind: base.KindNotFound, Hint: base.HintOf("there is no such cluster in the region; check iam.cluster_id and iam.region")},
	"ResourceNotFoundException":         {Kind: base.KindNotFound, Hint: base.HintOf("there is no such workgroup in the region; check iam.workgroup and iam.region")},
	"ValidationError":                   {Kind: base.KindInvalid, Hint: base.HintOf("AWS refuses the request; check iam, user and database")},
	"ValidationException":               {Kind: base.KindInvalid, Hint: base.HintOf("AWS refuses the request; check iam, user and database")},
	"UnsupportedOperation":              {Kind: base.KindInvalid, Hint: base.HintOf("the cluster does not support this way; set user")},
	"DependencyAccessDeniedFault":       {Kind: base.KindPermission, Hint: base.HintOf("the identity may not ask for credentials of the database")},
	"DependentServiceAccessDenied":      {Kind: base.KindPermission, Hint: base.HintOf("the identity may not ask for credentials of the database")},
	"DependentServiceUnavailable":       {Kind: base.KindUnavailable, Hint: base.HintOf("AWS could not answer")},
	"DependentServiceRequestThrottling": {Kind: base.KindThrottled, Hint: base.HintOf("AWS throttles the API")},
}

// classifyAWS types what AWS answered to the request for credentials. The statement was not sent.
func classifyAWS(err error) *base.Error {
	typed := awschain.Classify(err, awsVerdicts, base.HintOf("AWS refuses the request for credentials"),
		base.HintOf("AWS could not be asked for credentials of the database; check the AWS credentials of this process"))
	if typed != nil {
		typed.Sent = base.NotSent
	}
	return typed
}
