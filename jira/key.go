package jira

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/fourkites/sources/base"
)

var (
	issueKey  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,254}-[0-9]{1,19}$`)
	numericID = regexp.MustCompile(`^[0-9]{1,19}$`)
)

// projectOf is the project that a key begins with.
func projectOf(key string) string {
	at := strings.LastIndexByte(key, '-')
	return key[:max(0, at)]
}

// checkKey takes the key of an issue, or its numeric id, and gives the path of what belongs to it.
func (c *Client) checkKey(op *base.Op, key string) (path string, err error) {
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return "", c.invalid(op, "issue_key: empty; give a key such as OPS-482")
	case numericID.MatchString(key):
	case !issueKey.MatchString(key):
		return "", c.invalid(op, "issue_key: %.40q is not the key of an issue; write it as OPS-482", key)
	case !c.allowed(projectOf(key)):
		return "", c.foreign(op, projectOf(key))
	}
	return "/rest/api/3/issue/" + url.PathEscape(strings.ToUpper(key)), nil
}

// foreign is the error of an issue in a project that the operator did not allow.
func (c *Client) foreign(op *base.Op, project string) error {
	e := base.NewError(base.KindPermission, nil).WithText("project " + project + " is not among the projects of the configuration")
	e.Source, e.Op, e.Sent = c.config.Name, op.Name, base.NotSent
	e.SetHint(base.HintOf("ask the operator to add the project to projects"))
	return e
}

func (c *Client) checkID(op *base.Op, field, id string) error {
	if !numericID.MatchString(id) {
		return c.invalid(op, "%s: %.40q is not an id; it is made of digits", field, id)
	}
	return nil
}
