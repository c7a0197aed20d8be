// Package jira reads tickets of Jira Cloud: issues, searches in JQL, comments, history, links, pull requests and attachments.
// [Parse] finds what a ticket speaks of (loads, times, traces, services) by rules alone.
//
// Rich text comes as Markdown in which nothing of the ticket is lost. A site is reached by its URL, or by its cloud id
// where the token has scopes or belongs to a service account. Every method only reads, but [Client.AddComment], which is
// refused unless Config.AllowWrites says otherwise. A search is a POST and is repeated like a GET.
//
// # What the service leaves open
//
// Null and missing are the same. Identifiers keep their digits. Fields that are not known stay in Extras as they came, custom
// ones by their name in Custom. A key that an issue had before it was moved still finds it: Issue.MovedFrom is that key. What
// an account may not see is not told from what is not there: both are ErrNotFound.
//
// # When a call fails
//
// Every error is a [base.Error]: its Kind says what to do, its text names the address or the field and what to change. What
// the site itself said is a [ServerError] inside it. A list ends with a [base.IncompleteError] where it could not be read to
// its end, with the cursor to go on from.
package jira
