package redshifttest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// aws is the part of AWS's API that issues credentials: GetClusterCredentials and GetClusterCredentialsWithIAM of Amazon
// Redshift (a query API that answers XML), GetCredentials of Redshift Serverless (JSON). Amazon Redshift API Reference.
type aws struct {
	mu       sync.Mutex
	http     *http.Server
	done     chan struct{}
	endpoint string
	issued   int
	life     time.Duration
	failures []string
	requests []AWSRequest
}

// AWSRequest is one request for credentials.
type AWSRequest struct {
	Action   string // such as GetClusterCredentials
	Resource string // cluster or workgroup
	User     string // that was asked for
	Database string
	Duration int // seconds
	Signed   bool
}

// AWSEndpoint is the URL of an API that issues users of this server: redshift.IAM.Endpoint. It is started at the first
// call; an empty answer means that no port was free.
func (s *Server) AWSEndpoint() string {
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	if s.aws.endpoint != "" {
		return s.aws.endpoint
	}
	listener, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return ""
	}
	s.aws.http = &http.Server{Handler: http.HandlerFunc(s.issue), ReadHeaderTimeout: 5 * time.Second}
	s.aws.done = make(chan struct{})
	s.aws.endpoint = "http://" + listener.Addr().String()
	go func() { // ends with close
		defer close(s.aws.done)
		if err := s.aws.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			_ = listener.Close()
		}
	}()
	return s.aws.endpoint
}

func (a *aws) close() {
	a.mu.Lock()
	server, done := a.http, a.done
	a.mu.Unlock()
	if server != nil {
		_ = server.Close()
		<-done
	}
}

// AWSRequests is every request for credentials since the start, oldest first.
func (s *Server) AWSRequests() []AWSRequest {
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	return append([]AWSRequest(nil), s.aws.requests...)
}

// IssueFor makes credentials that are issued from now on end after that time; zero is what is asked for.
func (s *Server) IssueFor(life time.Duration) {
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	s.aws.life = life
}

// FailAWS answers the next requests for credentials with these error codes, such as ThrottlingException, one each.
func (s *Server) FailAWS(codes ...string) {
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	s.aws.failures = append(s.aws.failures, codes...)
}

// issue answers one request.
func (s *Server) issue(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	request, serverless := awsRequest(r, body)
	code, user, password, until := s.grant(request)
	switch {
	case code != "" && serverless:
		w.Header().Set("X-Amzn-ErrorType", code)
		answer(w, statusOf(code), "application/x-amz-json-1.1", func() error {
			return json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "refused: " + code})
		})
	case code != "":
		answer(w, statusOf(code), "text/xml", func() error {
			_, err := fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>refused</Message></Error><RequestId>r</RequestId></ErrorResponse>", code)
			return err
		})
	case serverless:
		answer(w, http.StatusOK, "application/x-amz-json-1.1", func() error {
			return json.NewEncoder(w).Encode(map[string]any{"dbUser": user, "dbPassword": password, "expiration": float64(until.UnixMilli()) / 1000})
		})
	default:
		answer(w, http.StatusOK, "text/xml", func() error { return writeCredentials(w, request.Action, user, password, until) })
	}
}

func answer(w http.ResponseWriter, status int, contentType string, write func() error) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = write() // a client that has gone sees nothing anyway
}

func statusOf(code string) int {
	switch {
	case strings.HasPrefix(code, "Internal") || strings.HasPrefix(code, "ServiceUnavailable"):
		return http.StatusInternalServerError
	case strings.HasPrefix(code, "AccessDenied"):
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

func awsRequest(r *http.Request, body []byte) (request AWSRequest, serverless bool) {
	request.Signed = strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		var in struct {
			WorkgroupName   string `json:"workgroupName"`
			DBName          string `json:"dbName"`
			DurationSeconds int    `json:"durationSeconds"`
		}
		_ = json.Unmarshal(body, &in) // what is missing stays empty
		_, request.Action, _ = strings.Cut(target, ".")
		request.Resource, request.Database, request.Duration = in.WorkgroupName, in.DBName, in.DurationSeconds
		return request, true
	}
	form, _ := url.ParseQuery(string(body)) // as above
	request.Action, request.Resource, request.User = form.Get("Action"), form.Get("ClusterIdentifier"), form.Get("DbUser")
	request.Database, request.Duration = form.Get("DbName"), number(form.Get("DurationSeconds"))
	return request, false
}

// grant makes an account that ends, or says which error the request gets.
func (s *Server) grant(request AWSRequest) (code, user, password string, until time.Time) {
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	s.aws.requests = append(s.aws.requests, request)
	switch {
	case len(s.aws.failures) > 0:
		code, s.aws.failures = s.aws.failures[0], s.aws.failures[1:]
		return code, "", "", until
	case !request.Signed:
		return "MissingAuthenticationToken", "", "", until
	}
	s.aws.issued++
	life := s.aws.life
	if life == 0 {
		life = time.Duration(max(900, request.Duration)) * time.Second
	}
	until = time.Now().Add(life)
	user, password = "IAM:"+request.User, fmt.Sprintf("issued/%d=%x", s.aws.issued, random(8))
	if request.User == "" {
		user = "IAMR:role"
	}
	s.setAccount(user, account{password: password, expires: until})
	return "", user, password, until
}

// RevokeIssued refuses the passwords that were issued so far; open connections stay.
func (s *Server) RevokeIssued() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for user := range s.accounts {
		if strings.HasPrefix(user, "IAM") {
			delete(s.accounts, user)
		}
	}
}

func writeCredentials(w io.Writer, action, user, password string, until time.Time) error {
	var text [2]strings.Builder
	for i, one := range []string{user, password} {
		if err := xml.EscapeText(&text[i], []byte(one)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, `<%[1]sResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><%[1]sResult><DbUser>%[2]s</DbUser>`+
		`<DbPassword>%[3]s</DbPassword><Expiration>%[4]s</Expiration></%[1]sResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%[1]sResponse>`,
		action, text[0].String(), text[1].String(), until.UTC().Format("2006-01-02T15:04:05.000Z"))
	return err
}
