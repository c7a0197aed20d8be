// Package github reads what GitHub knows of an incident: code, commits, pull requests, deployments, workflow runs and their
// logs. It only reads.
//
// It wraps github.com/google/go-github, whose types and addresses it uses, and makes every call itself: one retry loop, one
// guard for each of GitHub's budgets, answers of a bounded size. Limits of GitHub are waited for where the deadline has room
// and are told to the caller where it has not: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
package github
