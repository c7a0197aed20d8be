package athenatest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/fourkites/sources/athena/athenatest"
)

func in(group, location string) *athena.StartQueryExecutionInput {
	out := started("SELECT 1", "")
	out.WorkGroup, out.ResultConfiguration = aws.String(group), nil
	if location != "" {
		out.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &location}
	}
	return out
}

func TestAWorkgroupDecidesWhereResultsGo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	own := "s3://" + athenatest.Bucket + "/own/"
	s.SetWorkgroup(athenatest.Workgroup{Name: "loose", OutputLocation: own})
	s.SetWorkgroup(athenatest.Workgroup{Name: "strict", OutputLocation: own, Enforced: true})
	c := client(s)
	for _, w := range []struct{ group, location, want string }{
		{"loose", "", own},
		{"loose", "s3://" + athenatest.Bucket + "/mine", "s3://" + athenatest.Bucket + "/mine/"},
		{"strict", "s3://" + athenatest.Bucket + "/mine", own},
	} {
		id := start(t, c, in(w.group, w.location))
		if got := aws.ToString(execution(t, c, id).ResultConfiguration.OutputLocation); got != w.want+id+".csv" {
			t.Errorf("%s: %s", w.group, got)
		}
	}
	if _, err := c.StartQueryExecution(t.Context(), in("primary", "")); code(err) != "InvalidRequestException" {
		t.Errorf("no place at all: %v", err)
	}
}

func TestAManagedResultHasNoLocation(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetWorkgroup(athenatest.Workgroup{Name: "managed", Managed: true})
	c := client(s)
	id := start(t, c, in("managed", ""))
	if e := execution(t, c, id); e.ResultConfiguration != nil || !e.ManagedQueryResultsConfiguration.Enabled {
		t.Errorf("%+v", e.ResultConfiguration)
	}
	if rows, _ := table(t, c, id, 0); len(rows) != 2 {
		t.Errorf("rows %v", rows)
	}
	if _, err := c.StartQueryExecution(t.Context(), in("managed", "s3://"+athenatest.Bucket)); code(err) != "InvalidRequestException" {
		t.Errorf("a place for what is managed: %v", err)
	}
}

func TestAWorkgroupMayRefuse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetWorkgroup(athenatest.Workgroup{Name: "closed", Disabled: true})
	c := client(s)
	for _, group := range []string{"closed", "nobody's"} {
		if _, err := c.StartQueryExecution(t.Context(), in(group, "s3://"+athenatest.Bucket)); code(err) != "InvalidRequestException" {
			t.Errorf("%s: %v", group, err)
		}
	}
	out, err := c.GetWorkGroup(t.Context(), &athena.GetWorkGroupInput{WorkGroup: aws.String("closed")})
	if err != nil || out.WorkGroup.State != types.WorkGroupStateDisabled {
		t.Errorf("%v, %v", out, err)
	}
	list, err := c.ListWorkGroups(t.Context(), &athena.ListWorkGroupsInput{})
	if err != nil || len(list.WorkGroups) != 2 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestAQueryThatReadsTooMuchIsCancelled(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetWorkgroup(athenatest.Workgroup{Name: "thrifty", BytesScannedCutoff: 10 << 20})
	s.ReplyTo("SELECT", athenatest.Reply{Scanned: 11 << 20})
	c := client(s)
	e := execution(t, c, start(t, c, in("thrifty", "s3://"+athenatest.Bucket)))
	if why := aws.ToString(e.Status.StateChangeReason); e.Status.State != types.QueryExecutionStateCancelled || why != "Bytes scanned limit was exceeded" {
		t.Errorf("%v: %s", e.Status.State, why)
	}
}

func TestWhatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	c := client(newServer(t))
	fits := "SELECT '" + strings.Repeat("x", 262144-9) + "'"
	id := start(t, c, started(fits, ""))
	if _, err := c.StartQueryExecution(t.Context(), started(fits+" ", "")); code(err) != "InvalidRequestException" {
		t.Errorf("262,145 bytes: %v", err)
	}
	if _, err := c.StartQueryExecution(t.Context(), started("SELECT 1", strings.Repeat("x", 129))); code(err) != "InvalidRequestException" {
		t.Errorf("a token of 129 bytes: %v", err)
	}
	if _, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id, MaxResults: aws.Int32(1001)}); code(err) != "InvalidRequestException" {
		t.Errorf("1,001 rows: %v", err)
	}
	if _, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id, NextToken: aws.String("made up")}); code(err) != "InvalidRequestException" {
		t.Errorf("a token that nobody gave: %v", err)
	}
}

func TestTooManyQueriesAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetConcurrency(1)
	s.ReplyTo("SELECT", athenatest.Reply{Delay: time.Hour})
	c := client(s)
	start(t, c, started("SELECT 1", "first"))
	_, err := c.StartQueryExecution(t.Context(), started("SELECT 1", ""))
	e, ok := errors.AsType[*types.TooManyRequestsException](err)
	if !ok || e.Reason != types.ThrottleReasonConcurrentQueryLimitExceeded {
		t.Errorf("%v", err)
	}
	if _, err := c.StartQueryExecution(t.Context(), started("SELECT 1", "first")); err != nil {
		t.Errorf("the first again: %v", err)
	}
}
