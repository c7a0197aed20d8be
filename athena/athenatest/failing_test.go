package athenatest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/fault"
)

func group(t *testing.T, s *athenatest.Server) error {
	t.Helper()
	return groupWithin(t, s, 10*time.Second)
}

func groupWithin(t *testing.T, s *athenatest.Server, most time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	_, err := client(s).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: aws.String("primary")})
	return err
}

// patience is how long a call waits for what the fault does to it.
func patience(f fault.Fault) time.Duration {
	switch f.Kind {
	case fault.KindSilent, fault.KindIgnoreCancel, fault.KindDelay, fault.KindSlow, fault.KindHostileLength:
		return 500 * time.Millisecond
	}
	return 10 * time.Second
}

func TestFaultsStrikeAsOftenAsTheyArePlanned(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{
		fault.Refuse(), fault.Silent(), fault.Reset(), fault.Cut(5), fault.CutMidBody(), fault.ResetMidBody(), fault.Garbage(),
		fault.HostileLength(), fault.MalformedBlock(), fault.CorruptCompression(), fault.Status(http.StatusBadGateway),
		fault.Error(100, "it broke"), fault.WrongPassword(), fault.IgnoreCancel(), fault.Delay(time.Hour), fault.Slow(1, time.Hour),
	} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Fail(f, 1)
			// The fault has to strike this call: one that ends by itself is waited for, however busy the machine is.
			if err := groupWithin(t, s, patience(f)); err == nil {
				t.Error("nothing failed")
			}
			if err := group(t, s); err != nil {
				t.Errorf("the second time: %v", err)
			}
			s.Fail(f, -1)
			s.ClearFaults()
			if err := group(t, s); err != nil {
				t.Errorf("after ClearFaults: %v", err)
			}
		})
	}
}

func TestExceptionsComeInTheirOwnForm(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, e := range []athenatest.Exception{
		athenatest.Throttled(), athenatest.TooManyQueries(), athenatest.AccessDenied(), athenatest.ExpiredToken(),
		{Code: "InternalServerException"},
		{Code: "InvalidRequestException", AthenaErrorCode: "X"},
	} {
		s.Refuse("GetWorkGroup", e, 1)
		if _, err := client(s).ListWorkGroups(t.Context(), &athena.ListWorkGroupsInput{}); err != nil {
			t.Errorf("another action: %v", err)
		}
		if err := group(t, s); code(err) != e.Code {
			t.Errorf("%s: %v", e.Code, err)
		}
		if err := group(t, s); err != nil {
			t.Errorf("%s, the second time: %v", e.Code, err)
		}
	}
	s.Fail(fault.Status(http.StatusServiceUnavailable), 1)
	if err := group(t, s); code(err) != "ServiceUnavailableException" {
		t.Error(err)
	}
}

func TestAFaultOfDataWaitsForTheFirstData(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(s)
	s.Fail(fault.CutMidBody(), 1)
	id := start(t, c, started("SELECT 1", ""))
	if e := execution(t, c, id); e.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatal(e.Status.State)
	}
	if _, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id}); err == nil {
		t.Error("the first page came")
	}
	if rows, _ := table(t, c, id, 0); len(rows) != 2 {
		t.Errorf("then %v", rows)
	}
	s.Fail(fault.CutMidBody(), 1)
	id = start(t, c, started("SELECT 1", ""))
	s.ClearFaults()
	if rows, _ := table(t, c, id, 0); len(rows) != 2 {
		t.Errorf("after ClearFaults %v", rows)
	}

	s.FailAction("StartQueryExecution", fault.CutMidBody(), 1)
	id = start(t, c, started("SELECT 1", ""))
	out, err := objects(s).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(athenatest.Bucket), Key: aws.String("results/" + id + ".csv")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Body.Close() }()
	if _, err := io.ReadAll(out.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the file: %v", err)
	}
}

func TestAFaultThatLastsStrikesEveryPage(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(s)
	s.Fail(fault.MalformedBlock(), -1)
	_, err := c.StartQueryExecution(t.Context(), started("SELECT 1", "lasts"))
	if err != nil {
		t.Fatal(err)
	}
	id := s.Executions()[0].ID
	for range 2 {
		if _, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id}); err == nil {
			t.Error("a page came")
		}
	}
	if e, err := c.GetQueryExecution(t.Context(), &athena.GetQueryExecutionInput{QueryExecutionId: &id}); err == nil {
		t.Errorf("a state came: %v", e)
	}
	s.ClearFaults()
	if rows, _ := table(t, c, id, 0); len(rows) != 2 {
		t.Errorf("afterwards %v", rows)
	}
}

func TestAQueryWhoseAnswerIsLostHasBegun(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("SELECT", athenatest.Reply{Delay: time.Hour})
	c := client(s)
	s.Fail(fault.Cut(0), 1)
	if _, err := c.StartQueryExecution(t.Context(), started("SELECT 1", "lost")); err == nil {
		t.Fatal("the answer came")
	}
	if n := s.Running(); n != 1 {
		t.Fatalf("%d run", n)
	}
	id := start(t, c, started("SELECT 1", "lost"))
	if all := s.Executions(); len(all) != 1 || all[0].ID != id {
		t.Errorf("%v", all)
	}
}

func TestAnErrorHasTheQueryFail(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(s)
	for code, category := range map[int]int32{200: 1, 1006: 2} {
		s.FailAction("StartQueryExecution", fault.Error(code, "it broke"), 1)
		e := execution(t, c, start(t, c, started("SELECT 1", "")))
		if a := e.Status.AthenaError; a == nil || aws.ToInt32(a.ErrorCategory) != category || aws.ToString(a.ErrorMessage) != "it broke" {
			t.Errorf("%d: %+v", code, e.Status)
		}
	}
}

func TestConnectionsAreCountedAndDropped(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if err := group(t, s); err != nil {
		t.Fatal(err)
	}
	if open, total := s.Connections(); open != 1 || total != 1 {
		t.Errorf("%d open of %d", open, total)
	}
	s.DropConnections()
	if err := group(t, s); err != nil {
		t.Error(err)
	}
	s.Close()
	s.Close()
	if err := group(t, s); err == nil {
		t.Error("a server that was closed answers")
	}
}

func TestRequestsAreKept(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	in := started("SELECT ?", "kept")
	in.ExecutionParameters, in.WorkGroup = []string{"1"}, aws.String("primary")
	id := start(t, client(s), in)
	r := s.Requests()[0]
	if r.Action != "StartQueryExecution" || r.SQL != "SELECT ?" || r.Token != aws.ToString(in.ClientRequestToken) || r.Workgroup != "primary" {
		t.Errorf("%+v", r)
	}
	s.ForgetRequests()
	_ = execution(t, client(s), id)
	if r := s.Requests(); len(r) != 1 || r[0].ID != id || s.Actions()[0] != "GetQueryExecution" {
		t.Errorf("%+v", r)
	}
}
