// Package sources is the map of the module; it holds no code.
//
//   - base: the vocabulary and the guard that every source shares, with its mechanisms in small packages below it
//     (retry, breaker, limit, sign, secret) and its vocabularies beside them (rows, logs, traces, metrics, code,
//     history, tool), and base/prompt, which makes text of sources fit for a language model
//   - clickhouse, redshift, trino, athena, graph, jira, confluence, github, fkapi, llm: the sources, one room each, all of one
//     shape; beside each a fake that speaks its real protocol (clickhousetest, jiratest, ...), for tests of programs that use
//     it; jira/jql builds searches of Jira
//   - evidence: questions that need several sources, up to the investigation of an incident; evidence/warehouse has them
//     ask a warehouse too
//   - mcp: all tools served over the Model Context Protocol, and those of a remote server called as if they were local
//   - examples: small programs; examples/investigate is the main job from end to end, examples/warehouse the whole life of
//     a load, examples/ticket a ticket and what it points to, examples/mcpserver serves all tools over MCP
//
// Start with README.md; DESIGN.md says why things are as they are.
package sources
