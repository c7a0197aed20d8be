package main

const usage = `Usage: mcpserver [flags]

Without flags, a demo: serves the tools of ten clients over a made-up incident, from services in process, nothing to
install. It listens on 127.0.0.1 and prints how to connect.

With -live: serves the tools of those real services whose variables are set, and names the others.

Flags:
  -listen HOST:PORT      where to listen (127.0.0.1:8931); port 0 is any free one. Beyond loopback it needs a token, and
                         what it serves is not encrypted: put something that speaks TLS before it
  -stdio                 speak on stdin and stdout instead; all else goes to stderr
  -endpoint NAME         with -stdio: only the tools of that endpoint, its older names included, such as graph
  -stateless             no sessions: each request stands for itself (protocol 2026-07-28)
  -writes                serve tools that write too, such as jira_add_comment; without it none is served
  -token-env VARIABLE    the variable with the bearer tokens that are accepted (MCP_TOKENS, where it is set): literals or
                         references such as file:///run/secrets/mcp, with commas between them
  -allow-host NAMES      names beside those of loopback by which clients may call this server, with commas between them;
                         may be repeated
  -allow-origin ORIGINS  origins of web pages that may call it, such as https://console.example.com, likewise
  -live                  the real services. A source of which no variable is set is left out:
                         clickhouse: CLICKHOUSE_HOST;  redshift: REDSHIFT_HOST, REDSHIFT_DB, REDSHIFT_USER;
                         trino: TRINO_HOST, TRINO_USER;  athena: ATHENA_OUTPUT_LOCATION, ATHENA_REGION;
                         github: GITHUB_TOKEN or GITHUB_APP_ID;  graph: NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD;
                         jira: JIRA_SERVER, JIRA_EMAIL, JIRA_API_TOKEN;
                         confluence: CONFLUENCE_URL, CONFLUENCE_EMAIL, CONFLUENCE_API_TOKEN;
                         tracking: FK_API_APP_ID, FK_API_SECRET;  company: the same, and COMPANY_API_BASE_URL;
                         llm: LLM_PROVIDER, or what it needs: ANTHROPIC_API_KEY, ANTHROPIC_MODEL;
                         and the others of ConfigFromEnv of each package

Exit code: 0 when it was ended by a signal, or its client left stdin; 1 when it could not serve, or not end in time; 2 when
the flags or variables are wrong.

Examples:
  mcpserver
  mcpserver -stdio -endpoint graph
  MCP_TOKENS=file:///run/secrets/mcp mcpserver -live -listen 0.0.0.0:8931 -allow-host mcp.example.com
`
