package athena_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
)

// lead is the beginning of a file: the names, and so many rows.
func lead(rows int) string { return "\"id\",\"name\"\n" + strings.Repeat("\"1\",\"x\"\n", rows) }

// Neither this nor the next runs beside others: they take much memory, and the suite measures it.
func TestHostileFilesOfResultsAreErrorsAndNeverTheWholeAnswer(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(lead(1200)))
	_ = w.Close()
	for name, body := range map[string]string{
		"a line that does not end":   lead(1200) + `"2","` + strings.Repeat("x", 90<<20),
		"a row above all bounds":     lead(1200) + `"2","` + strings.Repeat("x", 90<<20) + "\"\n",
		"a quote that does not end":  lead(1200) + "\"2\",\"x\n\"3\",\"y\"\n",
		"a quote within a value":     lead(1200) + "\"2\",\"x\"y\"\n",
		"more values than columns":   lead(1200) + "\"2\",\"x\",\"y\"\n",
		"fewer values than columns":  lead(1200) + "\"2\"\n",
		"a row of too many values":   lead(1200) + strings.Repeat(",", 20_000) + "\n",
		"a number that is none":      lead(1200) + "\"2\x00\",\"x\"\n",
		"an empty line":              lead(1200) + "\n",
		"names of other columns":     strings.Replace(lead(1200), "name", "word", 1),
		"names in another order":     strings.Replace(lead(1200), `"id","name"`, `"name","id"`, 1),
		"no newline at the end":      lead(1200) + `"2","x"`,
		"compressed":                 packed.String(),
		"a number beyond its column": lead(1200) + "\"9223372036854775808\",\"x\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			server, id, key := parted(t)
			server.PutObject(athenatest.Bucket, key, []byte(body))
			answer, err := clientOf(t, server).Results(t.Context(), id, athena.ResultsOptions{})
			if err == nil {
				_, err = rows.Collect(answer, rows.ToMap)
			}
			if kind := base.KindOf(err); kind != base.KindProtocol && kind != base.KindQuotaExceeded {
				t.Errorf("%s: %.300v", kind, err)
			}
			if err != nil && strings.HasPrefix(name, "a number") && !strings.Contains(err.Error(), `column "id" (bigint)`) {
				t.Errorf("the column is not named: %v", err)
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestOddTextsInAFileAreTheValuesThatStandThere(t *testing.T) {
	server, id, key := parted(t)
	long := strings.Repeat("y", 10<<20)
	texts := []string{"a\x00b", "bad \xff\xfe text", long, "\r", "\r\n", `"`}
	body := lead(1200)
	for _, text := range texts {
		body += fmt.Sprintf("\"2\",\"%s\"\r\n", strings.ReplaceAll(text, `"`, `""`))
	}
	server.PutObject(athenatest.Bucket, key, []byte(body))
	answer, err := clientOf(t, server).Results(t.Context(), id, athena.ResultsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows.Collect(answer, rows.ToMap)
	if err != nil || len(all) != 1200+len(texts) {
		t.Fatalf("%d rows, %v", len(all), err)
	}
	for i, text := range texts {
		if all[1200+i]["name"] != text {
			t.Errorf("%.20q is not what was written", text)
		}
	}
}

// scripted answers the API's actions with these bodies, and leaves the others to the server.
type scripted map[string]func(body string) string

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	answer, known := s[action]
	if !known {
		return http.DefaultTransport.RoundTrip(r)
	}
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	text := answer(string(asked))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, ContentLength: int64(len(text)),
		Body: io.NopCloser(strings.NewReader(text)), Request: r,
	}, nil
}

const onePage = `{"ResultSet":{"Rows":[%s],"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"varchar"}]}},"NextToken":"%d"}`

// A token that changes and brings nothing would be asked for without end.
func TestPagesThatBringNothingHaveAnEnd(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("empty", athenatest.Reply{Columns: []athenatest.Column{{Name: "a", Type: "varchar"}}})
	asked := 0
	client := clientWith(t, keyed(server), base.WithTransport(scripted{"GetQueryResults": func(string) string {
		asked++
		names := ""
		if asked == 1 {
			names = `{"Data":[{"VarCharValue":"a"}]}`
		}
		return fmt.Sprintf(onePage, names, asked)
	}}))
	answer, err := client.Query(t.Context(), athena.Query{SQL: "SELECT a FROM empty", MaxRows: 10, Timeout: 30 * time.Second})
	if err == nil {
		_, err = rows.Collect(answer, rows.ToMap)
	}
	if base.KindOf(err) != base.KindProtocol || asked > 2000 {
		t.Errorf("after %d pages: %v", asked, err)
	}
}

func TestListsThatBringNothingHaveAnEnd(t *testing.T) {
	t.Parallel()
	asked := 0
	client := clientWith(t, keyed(started(t)), base.WithTransport(scripted{"ListDatabases": func(string) string {
		asked++
		return fmt.Sprintf(`{"DatabaseList":[],"NextToken":"%d"}`, asked%2)
	}}))
	ctx, cancel := timeout(t)
	defer cancel()
	if _, err := client.Databases(ctx, ""); base.KindOf(err) != base.KindProtocol {
		t.Errorf("after %d pages: %v", asked, err)
	}
}

func TestHostileAnswersOfTheAPIAreErrors(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(3))
	id, err := clientOf(t, server).StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	done := `{"QueryExecution":{"QueryExecutionId":"` + id + `","Query":"SELECT 1","Status":{"State":"SUCCEEDED"}}}`
	for name, answers := range map[string][2]string{
		"no execution":       {`{}`, ""},
		"a list":             {`[]`, ""},
		"no JSON":            {`<html>`, ""},
		"half of it":         {done[:40], ""},
		"another execution":  {strings.Replace(done, id, "x", 1), ""},
		"no state":           {strings.Replace(done, `"Status"`, `"State"`, 1), ""},
		"a deep one":         {strings.Repeat(`{"a":`, 200_000), ""},
		"no page":            {done, `{}`},
		"no columns":         {done, `{"ResultSet":{"Rows":[],"ResultSetMetadata":{"ColumnInfo":[]}}}`},
		"no names":           {done, `{"ResultSet":{"Rows":[],"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"varchar"}]}}}`},
		"other names":        {done, `{"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"b"}]}],"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"varchar"}]}}}`},
		"a row that is wide": {done, `{"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"a"}]},{"Data":[{},{}]}],"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"varchar"}]}}}`},
		"a value of no type": {done, `{"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"a"}]},{"Data":[{"VarCharValue":"x"}]}],"ResultSetMetadata":{"ColumnInfo":[{"Name":"a","Type":"bigint"}]}}}`},
	} {
		script := scripted{"GetQueryExecution": func(string) string { return answers[0] }}
		if answers[1] != "" {
			script["GetQueryResults"] = func(string) string { return answers[1] }
		}
		config := keyed(server)
		config.Limits.Retries = -1
		answer, err := clientWith(t, config, base.WithTransport(script)).Results(t.Context(), id, athena.ResultsOptions{})
		if err == nil {
			_, err = rows.Collect(answer, rows.ToMap)
		}
		if kind := base.KindOf(err); kind != base.KindProtocol && (name != "half of it" || err == nil) && (name != "a deep one" || err == nil) {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}

// Where the service says that the file lies is no place of another service.
func TestAPlaceOfOutputThatIsNoBucketIsNotAsked(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1500))
	id, err := clientOf(t, server).StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM difficult"})
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{
		"s3://arn:aws:s3:us-west-2:123456789012:accesspoint:other/x.csv", "s3://../x.csv", "s3://a@evil.example.com/x.csv", "s3://evil.example.com:80/x.csv",
		"https://evil.example.com/x.csv", "s3://b?x/x.csv", "s3://UPPER/x.csv", "s3://a b/x.csv",
	} {
		var asked []string
		config := keyed(server)
		config.S3Endpoint = ""
		client := clientWith(t, config, base.WithTransport(watcher{
			scripted{"GetQueryExecution": func(string) string {
				return fmt.Sprintf(`{"QueryExecution":{"QueryExecutionId":%q,"Query":"SELECT 1","Status":{"State":"SUCCEEDED"},"ResultConfiguration":{"OutputLocation":%q}}}`, id, place)
			}}, func(r *http.Request) error {
				if !strings.HasPrefix(server.URL(), "http://"+r.URL.Host) {
					asked = append(asked, r.URL.Host)
					return errors.New("no such host")
				}
				return nil
			},
		}))
		answer, err := client.Results(t.Context(), id, athena.ResultsOptions{})
		n := 0
		if err == nil {
			for _, e := range answer.All() {
				if err = e; e == nil {
					n++
				}
			}
		}
		if len(asked) > 0 || err != nil || n != 1500 {
			t.Errorf("%s: asked %q, %d rows, %v", place, asked, n, err)
		}
	}
}

type watcher struct {
	next http.RoundTripper
	see  func(*http.Request) error
}

func (w watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := w.see(r); err != nil {
		return nil, err
	}
	return w.next.RoundTrip(r)
}

// No error tells a key, whether AWS quotes it in a message, in the reason of a failure, or within an URL.
func TestNoKeyIsInAnyError(t *testing.T) {
	t.Parallel()
	const id, word, token = "PLANTEDKEYID00000001", "planted+secret/word", "planted.session.token"
	server := started(t)
	server.SetKey(id, word, token)
	config := server.Config()
	config.Key = secret.Literal(id + ":" + word + ":" + token)
	config.Limits.Retries = -1
	client := clientWith(t, config)
	url := "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=OTHERKEY%2F20240101&X-Amz-Security-Token=othertoken&X-Amz-Signature=0123abcd"
	for _, text := range []string{"see " + id + " and " + word + " and " + token, "see " + url} {
		server.Refuse("StartQueryExecution", athenatest.Exception{Code: "InvalidRequestException", Message: text}, 1)
		_, refused := client.Query(t.Context(), athena.Query{SQL: "SELECT 1"})
		server.ReplyTo("failing", athenatest.Reply{Err: &athenatest.Failure{Reason: text, Category: 2, Type: 1000}})
		_, failed := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM failing"})
		server.FailObjects(fault.Status(403), 1)
		e, _ := client.Execution(t.Context(), server.Executions()[len(server.Executions())-1].ID)
		for place, text := range map[string]string{"refused": fmt.Sprintf("%+v", refused), "failed": fmt.Sprintf("%+v", failed), "reason": e.Reason} {
			for _, s := range []string{id, word, token, "othertoken", "0123abcd", "OTHERKEY"} {
				if strings.Contains(text, s) {
					t.Errorf("%s: %s is in %s", place, s, text)
				}
			}
		}
	}
}

// A wait of a year is not waited for, and one that is none is left out.
func TestAPoisonedRetryAfterDoesNotHoldTheCaller(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for _, wait := range []string{"31536000", "99999999999999999999", "-5", "NaN", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f := fault.Status(http.StatusServiceUnavailable)
		f.Header = http.Header{"Retry-After": {wait}}
		server.FailAction("GetWorkGroup", f, 1)
		began := time.Now()
		ctx, cancel := timeout(t)
		err := client.Ping(ctx)
		cancel()
		if took := time.Since(began); took > 9*time.Second {
			t.Errorf("%s: %s, %v", wait, took, err)
		}
	}
}
