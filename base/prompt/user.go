package prompt

import "strings"

// phrases are the words before a user name in the logs of SSH and PAM.
var phrases = [...]string{
	"invalid user ", "illegal user ", "authenticating user ", "disconnected from user ", "session opened for user ",
	"session closed for user ", "maximum authentication attempts exceeded for ",
}

// phrase finds a user name behind the words that say so.
func (s *scanner) phrase(from, to int) {
	rest := s.text[from:]
	switch rest[0] | 0x20 {
	case 'f', 'a':
		if hasFold(rest, "failed ") || hasFold(rest, "accepted ") {
			s.login(to + 1)
			return
		}
		fallthrough
	case 'i', 'd', 's', 'm':
		for _, words := range phrases {
			if hasFold(rest, words) {
				s.user(from + len(words))
				return
			}
		}
	}
}

// login reads "password for root from" behind Failed or Accepted.
func (s *scanner) login(at int) {
	method := spanOf(s.text[at:], func(c byte) bool { return isURLSafe(c) || c == '/' })
	rest := s.text[at+method:]
	if method == 0 || !strings.HasPrefix(rest, " for ") || hasFold(rest, " for invalid user ") {
		return
	}
	if name := s.text[at+method+len(" for "):]; strings.Contains(name[:min(len(name), longestUser)], " from ") {
		s.user(at + method + len(" for "))
	}
}

// user hides the name that begins here: up to " from ", or one word.
func (s *scanner) user(at int) {
	line, _, _ := strings.Cut(s.text[at:min(len(s.text), at+longestUser)], "\n")
	if end := strings.Index(" "+line, " from "); end > 0 {
		line = line[:end-1]
	} else if end == 0 {
		return // the name is empty
	} else {
		line = line[:spanOf(line, isUserByte)]
	}
	name := strings.TrimLeft(line, " ")
	from := at + len(line) - len(name)
	if name = strings.TrimRight(name, " "); !isNoValue(name) && !isNoUser(name) && !strings.Contains(name, "<") {
		s.add(categoryUser, from, from+len(name))
	}
}

func isUserByte(c byte) bool { return c > ' ' && strings.IndexByte("()[]{},;:\"'\\<>", c) < 0 }

// isNumber: behind user= a number is an id.
func isNumber(name string) bool { return strings.Trim(name, "0123456789") == "" }

// isNoUser: an address is found as one, and some words stand where a name could.
func isNoUser(name string) bool {
	if strings.IndexByte(name, '@') > 0 {
		return true
	}
	switch strings.ToLower(name) {
	case "id", "name", "input", "not", "or", "and", "is", "was", "has", "request", "credentials", "service":
		return true
	}
	return false
}

// userOfURL finds user and password in https://user:password@host; the slashes may be escaped as JSON does.
func (s *scanner) userOfURL(colon int) bool {
	at := colon + 1
	switch rest := s.text[at:]; {
	case strings.HasPrefix(rest, "//"):
		at += len("//")
	case strings.HasPrefix(rest, `\/\/`):
		at += len(`\/\/`)
	default:
		return false
	}
	rest := s.text[at:min(len(s.text), at+longestLogin)]
	end := strings.LastIndexByte(rest[:spanOf(rest, isAuthority)], '@')
	if end > 0 {
		s.credentials(at, at+end)
	}
	return true
}

func isAuthority(c byte) bool { return c > ' ' && strings.IndexByte(`/\?#"'<>`, c) < 0 }

func (s *scanner) credentials(from, to int) {
	user, password, found := strings.Cut(s.text[from:to], ":")
	if !found && len(user) >= 20 {
		s.add(categoryToken, from, to)
		return
	}
	s.add(categoryUser, from, from+len(user))
	if found {
		s.add(categoryPassword, to-len(password), to)
	}
	s.done = to + 1 // the @ is not that of an e-mail address
}
