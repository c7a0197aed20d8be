package redshift

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/aws/smithy-go"

	"github.com/fourkites/sources/base"
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
		return secret.Snapshot{}, fmt.Errorf("iam: %w", withoutRequest(err))
	}
	if user == "" || password == "" {
		return secret.Snapshot{}, fmt.Errorf("iam: %w: AWS issued no user or no password", secret.ErrEmpty)
	}
	return secret.NewSnapshot(joinPair(user, password), "", expires), nil
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

// withoutRequest keeps an answer that AWS's SDK could not read out of the error: it may hold the password.
func withoutRequest(err error) error {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return malformed("AWS answered what is no answer of its API")
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return malformed("AWS answered what is not JSON")
	}
	return err
}

var awsVerdicts = map[string]verdict{
	"ExpiredToken":                      {base.KindUnauthenticated, base.HintOf("the AWS credentials have expired")},
	"ExpiredTokenException":             {base.KindUnauthenticated, base.HintOf("the AWS credentials have expired")},
	"UnrecognizedClientException":       {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"InvalidClientTokenId":              {base.KindUnauthenticated, base.HintOf("AWS does not know the credentials")},
	"InvalidSignatureException":         {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"SignatureDoesNotMatch":             {base.KindUnauthenticated, base.HintOf("AWS refuses the signature; check the secret key and the clock")},
	"AccessDenied":                      {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"AccessDeniedException":             {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"ClusterNotFound":                   {base.KindNotFound, base.HintOf("there is no such cluster in the region; check iam.cluster_id and iam.region")},
	"ResourceNotFoundException":         {base.KindNotFound, base.HintOf("there is no such workgroup in the region; check iam.workgroup and iam.region")},
	"ValidationError":                   {base.KindInvalid, base.HintOf("AWS refuses the request; check iam, user and database")},
	"ValidationException":               {base.KindInvalid, base.HintOf("AWS refuses the request; check iam, user and database")},
	"UnsupportedOperation":              {base.KindInvalid, base.HintOf("the cluster does not support this way; set user")},
	"Throttling":                        {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"ThrottlingException":               {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"RequestLimitExceeded":              {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"TooManyRequestsException":          {base.KindThrottled, base.HintOf("AWS throttles the API")},
	"InternalFailure":                   {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"InternalServerException":           {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"ServiceUnavailable":                {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"DependencyAccessDeniedFault":       {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"DependentServiceAccessDenied":      {base.KindPermission, base.HintOf("the identity may not ask for credentials of the database")},
	"DependentServiceUnavailable":       {base.KindUnavailable, base.HintOf("AWS could not answer")},
	"DependentServiceRequestThrottling": {base.KindThrottled, base.HintOf("AWS throttles the API")},
}

// classifyAWS types what AWS answered to the request for credentials.
func classifyAWS(err error) *base.Error {
	if _, ok := errors.AsType[*settingsError](err); ok {
		e := base.NewError(base.KindInvalid, err)
		e.Sent = base.NotSent
		e.SetHint(base.HintOf("correct the AWS settings of this process"))
		return e
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		v, known := awsVerdicts[e.ErrorCode()]
		switch {
		case known:
		case e.ErrorFault() == smithy.FaultServer || httpStatus(err) >= http.StatusInternalServerError:
			v = verdict{base.KindUnavailable, base.HintOf("AWS could not answer")}
		default:
			v = verdict{base.KindInvalid, base.HintOf("AWS refuses the request for credentials")}
		}
		typed := base.NewError(v.kind, err).WithText(e.ErrorCode() + ": " + strings.TrimSpace(e.ErrorMessage()))
		typed.Sent, typed.Code = base.NotSent, e.ErrorCode()
		typed.SetHint(v.hint)
		return typed
	}
	if e, ok := errors.AsType[*smithy.OperationError](err); ok && base.ClassifyNetwork(e.Err).Kind == base.KindInternal {
		kind := base.KindUnauthenticated // the chain of credentials has none
		if httpStatus(err) >= http.StatusInternalServerError {
			kind = base.KindUnavailable
		}
		typed := base.NewError(kind, err)
		typed.Sent = base.NotSent
		typed.SetHint(base.HintOf("AWS could not be asked for credentials of the database; check the AWS credentials of this process"))
		return typed
	}
	return nil
}

func httpStatus(err error) int {
	var with interface{ HTTPStatusCode() int }
	if errors.As(err, &with) {
		return with.HTTPStatusCode()
	}
	return 0
}
