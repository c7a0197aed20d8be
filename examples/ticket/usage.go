package main

const usage = `Usage: ticket [flags]

Without flags, a demo: reads a made-up ticket and fetches what it points to from a Jira, a Confluence, a GitHub, a Tracking
API and a ClickHouse in process, nothing to install.

With -issue: asks the real services about a ticket.

Flags:
  -format markdown|json    how the report is printed on stdout (markdown); progress goes to stderr
  -issue KEY               a real ticket. Jira must be set, the others may be absent:
                           Jira: JIRA_SERVER or JIRA_CLOUD_ID, JIRA_EMAIL, JIRA_API_TOKEN;
                           Confluence: CONFLUENCE_URL, CONFLUENCE_EMAIL, CONFLUENCE_API_TOKEN, CONFLUENCE_SPACE_KEY;
                           GitHub: GITHUB_TOKEN, or GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY;
                           the Tracking API: FK_API_APP_ID, FK_API_SECRET, TRACKING_API_BASE_URL;
                           ClickHouse: CLICKHOUSE_HOST and others of clickhouse.ConfigFromEnv.
                           TICKET_REPOSITORIES names the repositories where code is looked for, and what was deployed
                           (owner/name, with commas between them)
  -timeout DURATION        for everything, with its unit (2m)

Exit code: 0 when a report was printed, 1 when nothing could be told or the time was over, 2 when the flags or variables
are wrong. A report of what was seen until then is printed when the time is over, and the code is 1.

Examples:
  ticket
  ticket -issue OPS-482 -format json
`
