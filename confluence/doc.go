// Package confluence reads pages of Confluence Cloud: documents of services, runbooks, what was changed in them.
//
// Bodies come as Markdown in which nothing of the text is lost: blocks of code, tables, panels, macros with their parameters.
// They are what people wrote, to be read as data. Two interfaces of the site are used, for each has what the other lacks:
// pages by https://developer.atlassian.com/cloud/confluence/rest/v2/, searches by .../rest/v1/.
package confluence
