package awssecrettest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/awssecret/awssecrettest"
)

func started(t *testing.T) *awssecrettest.Server {
	t.Helper()
	server := awssecrettest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// client is the SDK's own, with this access key and token.
func client(server *awssecrettest.Server, region, access, token string) *secretsmanager.Client {
	url := server.URL()
	return secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: &url, Region: region, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: access, SecretAccessKey: awssecrettest.SecretKey, SessionToken: token}, nil
		}),
	})
}

func known(server *awssecrettest.Server) *secretsmanager.Client {
	return client(server, awssecrettest.Region, awssecrettest.AccessKey, "")
}

func read(t *testing.T, c *secretsmanager.Client, id, stage string) (*secretsmanager.GetSecretValueOutput, error) {
	t.Helper()
	in := &secretsmanager.GetSecretValueInput{SecretId: &id}
	if stage != "" {
		in.VersionStage = &stage
	}
	return c.GetSecretValue(t.Context(), in)
}

// code is that of an error of the API.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func TestARotationGoesThroughItsStepsInTheirOrder(t *testing.T) {
	t.Parallel()
	server := started(t)
	if _, err := server.Rotate("db", "new"); err == nil {
		t.Error("a secret that is not there rotates")
	}
	first := server.Put("db", "old")
	r, err := server.Rotate("db", "new")
	if err != nil {
		t.Fatal(err)
	}
	c := known(server)
	stages := func(stage string) (id string, all []string) {
		t.Helper()
		out, err := read(t, c, "db", stage)
		if err != nil {
			t.Fatal(err)
		}
		return *out.VersionId, out.VersionStages
	}
	if r.Test() == nil || r.Finish() == nil {
		t.Error("a step was left out")
	}
	for _, step := range []func() error{r.Set, r.Test} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		if step() == nil {
			t.Error("a step was taken twice")
		}
		if id, _ := stages(awssecrettest.Current); id != first {
			t.Errorf("%s is current before the end", id)
		}
		if id, _ := stages(awssecrettest.Pending); id != r.Version() {
			t.Errorf("%s is pending", id)
		}
	}
	if err := r.Finish(); err != nil {
		t.Fatal(err)
	}
	if id, all := stages(""); id != r.Version() || !slices.Equal(all, []string{awssecrettest.Pending, awssecrettest.Current}) {
		t.Errorf("%s is current, with %v", id, all)
	}
	if id, _ := stages(awssecrettest.Previous); id != first {
		t.Errorf("%s is the previous one", id)
	}
	if err := server.Label("db", awssecrettest.Current, first); err != nil {
		t.Fatal(err)
	}
	if id, _ := stages(awssecrettest.Previous); id != r.Version() {
		t.Errorf("after a roll-back %s is the previous one", id)
	}
	if server.Label("db", "x", "nowhere") == nil || server.Label("absent", "x", first) == nil {
		t.Error("a label was put on nothing")
	}
}

func TestTheAPIRefusesAsTheServiceDoes(t *testing.T) {
	t.Parallel()
	server := started(t)
	c := known(server)
	first := server.Put("db", "one")
	second := server.Put("db", "two")
	arn := server.ARN("db")
	for _, id := range []string{"db", arn, arn[:len(arn)-7]} {
		if out, err := read(t, c, id, ""); err != nil || *out.SecretString != "two" || *out.ARN != arn {
			t.Errorf("%s: %v", id, err)
		}
	}
	if server.ARN("absent") != "" {
		t.Error("a secret that is not there has an ARN")
	}
	put := func(token, text string) error {
		_, err := c.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("db"), SecretString: &text, ClientRequestToken: &token, VersionStages: []string{"x"}})
		return err
	}
	move := func(to, from *string) error {
		_, err := c.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: aws.String("db"), VersionStage: aws.String(awssecrettest.Current), MoveToVersionId: to, RemoveFromVersionId: from,
		})
		return err
	}
	token := strings.Repeat("t", 36)
	for _, test := range []struct {
		what string
		err  error
		want string
	}{
		{"put", put(token, "three"), ""},
		{"the same again", put(token, "three"), ""},
		{"another text for the same token", put(token, "four"), "ResourceExistsException"},
		{"a label from where it is not", move(&first, &first), "InvalidParameterException"},
		{"a label from nowhere", move(&first, nil), "InvalidParameterException"},
		{"a label to what is not there", move(aws.String(strings.Repeat("n", 36)), &second), "ResourceNotFoundException"},
		{"no current version", move(nil, &second), "InvalidParameterException"},
		{"a label moved", move(&first, &second), ""},
		{"create again", func() error {
			_, err := c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("db")})
			return err
		}(), "ResourceExistsException"},
		{"version and stage of another", func() error {
			_, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("db"), VersionId: &second, VersionStage: aws.String(awssecrettest.Current)})
			return err
		}(), "InvalidRequestException"},
		{"an action that is not there", func() error {
			_, err := c.ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
			return err
		}(), "UnknownOperationException"},
	} {
		if got := code(test.err); got != test.want || (test.want == "") != (test.err == nil) {
			t.Errorf("%s: %v, want %q", test.what, test.err, test.want)
		}
	}
	out, err := c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("db")})
	if err != nil || !slices.Equal(out.VersionIdsToStages[first], []string{awssecrettest.Current}) || !slices.Equal(out.VersionIdsToStages[second], []string{awssecrettest.Previous}) {
		t.Errorf("%v, %v", out, err)
	}
}

func TestASecretThatIsMarkedForDeletionIsTypedByTheSDK(t *testing.T) {
	t.Parallel()
	server := started(t)
	c := known(server)
	server.Put("db", "one")
	server.Delete("db")
	_, err := read(t, c, "db", "")
	if e, ok := errors.AsType[*types.InvalidRequestException](err); !ok || !strings.Contains(e.ErrorMessage(), "marked for deletion") {
		t.Errorf("%v", err)
	}
	if _, err := server.Rotate("db", "x"); err == nil {
		t.Error("it rotates")
	}
	server.Restore("db")
	if _, err := read(t, c, "db", ""); err != nil {
		t.Error(err)
	}
	server.Purge("db")
	_, err = read(t, c, "db", "")
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("%v", err)
	}
}

func TestCredentialsAreChecked(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", "one")
	server.SetKey("DEMOSESSIONKEY000001", "token")
	for _, test := range []struct{ region, access, token, want string }{
		{awssecrettest.Region, awssecrettest.AccessKey, "", ""},
		{awssecrettest.Region, "DEMOSESSIONKEY000001", "token", ""},
		{awssecrettest.Region, "DEMOSESSIONKEY000001", "other", "UnrecognizedClientException"},
		{awssecrettest.Region, "UNKNOWN", "", "UnrecognizedClientException"},
		{"us-west-2", awssecrettest.AccessKey, "", "InvalidSignatureException"},
	} {
		if _, err := read(t, client(server, test.region, test.access, test.token), "db", ""); code(err) != test.want {
			t.Errorf("%+v: %v", test, err)
		}
	}
	server.ExpireKey(awssecrettest.AccessKey)
	if _, err := read(t, known(server), "db", ""); code(err) != "ExpiredTokenException" {
		t.Error(err)
	}
	server.RemoveKey(awssecrettest.AccessKey)
	if _, err := read(t, known(server), "db", ""); code(err) != "UnrecognizedClientException" {
		t.Error(err)
	}
}

func TestFaultsAreActedOutSoOftenAsPlanned(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", "one")
	c := known(server)
	server.Refuse(awssecrettest.Throttled(), 1)
	if _, err := read(t, c, "db", ""); code(err) != "ThrottlingException" {
		t.Error(err)
	}
	server.Fail(fault.Status(503), 1)
	if _, err := read(t, c, "db", ""); code(err) != "ServiceUnavailableException" {
		t.Error(err)
	}
	server.Refuse(awssecrettest.DecryptionFailure(), -1)
	for range 2 {
		if _, err := read(t, c, "db", ""); code(err) != "DecryptionFailure" {
			t.Error(err)
		}
	}
	server.Fail(fault.Reset(), -1)
	server.ClearFaults()
	if _, err := read(t, c, "db", ""); err != nil {
		t.Error(err)
	}
	server.Deny("db", true)
	if _, err := read(t, c, server.ARN("db"), ""); code(err) != "AccessDeniedException" {
		t.Error(err)
	}
	server.Deny("db", false)
	server.DropConnections()
	_, _ = read(t, c, "db", "") // it may find the connection that was dropped
	if _, err := read(t, c, "db", ""); err != nil {
		t.Error(err)
	}
	if _, total := server.Connections(); total < 2 {
		t.Errorf("%d connections", total)
	}
}

func TestRequestsAreKept(t *testing.T) {
	t.Parallel()
	server := started(t)
	_, _ = read(t, known(server), "db", "AWSPREVIOUS")
	all := server.Requests()
	if len(all) != 1 || all[0].Action != "GetSecretValue" || all[0].SecretID != "db" || all[0].Stage != "AWSPREVIOUS" || all[0].Header.Get("Authorization") == "" {
		t.Errorf("%+v", all)
	}
	if server.ForgetRequests(); len(server.Requests()) != 0 {
		t.Error("they are still there")
	}
}

func ExampleServer_Rotate() {
	server := awssecrettest.NewServer()
	defer server.Close()
	server.Put("prod/db", "old")
	store, err := awssecret.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	source, err := store.Open(context.Background(), "awssm://prod/db")
	if err != nil {
		fmt.Println(err)
		return
	}
	show := func(at string, source secret.Source) {
		snap, err := source.Get(context.Background())
		fmt.Println(at, snap.Reveal(), err)
	}

	rotation, _ := server.Rotate("prod/db", "new")
	show("created:", source)
	_ = rotation.Set()
	_ = rotation.Test()
	show("tested:", source)
	_ = rotation.Finish()
	show("finished:", source)
	// Output:
	// created: old <nil>
	// tested: old <nil>
	// finished: new <nil>
}
