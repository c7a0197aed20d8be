package githubtest

import (
	"net/http"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/wire"
)

// Reply is a scripted answer. Do not write to its Header after handing it to a server.
type Reply struct {
	Status int         // 0 = 200
	Header http.Header // a Content-Type of JSON is added where there is none
	Body   string

	Delay time.Duration // before the answer
	Times int           // after so many answers the reply is used up; zero or less is never, before another one once
}

// Reply answers the requests for which match is true. Of several scripted replies that match, the one added last is
// used. Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil
// match means all requests. The function is called with a copy and must be safe for concurrent use. The
// credential is checked before, and a page of a list is told from the next one by its turn or by its target.
func (s *Server) Reply(match func(Request) bool, replies ...Reply) {
	turns := make([]script.Turn[Reply], len(replies))
	for i, r := range replies {
		turns[i] = script.Turn[Reply]{Reply: r, Times: r.Times}
	}
	if match == nil {
		match = func(Request) bool { return true }
	}
	s.script.Add(func(r Request) bool { return match(r.clone()) }, turns...)
}

// ReplyTo answers the requests whose target contains this text, by the rules of [Server.Reply].
func (s *Server) ReplyTo(text string, replies ...Reply) {
	s.Reply(func(r Request) bool { return strings.Contains(r.Target, text) }, replies...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() { s.script.Clear() }

func (r Reply) answer() wire.Answer {
	a := wire.Answer{Status: r.Status, Header: r.Header, Body: []byte(r.Body)}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Header.Get("Content-Type") == "" {
		a.Header = a.Header.Clone()
		if a.Header == nil {
			a.Header = http.Header{}
		}
		a.Header.Set("Content-Type", "application/json")
	}
	return a
}
