package main

const usage = `Usage: investigate [flags]

Without flags, a demo: reads a made-up ticket about a load that is stuck, asks the services (in process, nothing to
install) and prints what is wrong, when it began, and the evidence.

With -load: asks the real services why a load is stuck.

With -case: investigates a recorded incident, a folder of *_log.csv.gz, *_trace.csv.gz, pod_metrics.csv.gz and
front_service.csv.gz, with the code graph in code_graph.json beside the folder, where there is one. What is in them:
go doc ./examples/investigate.

Flags:
  -format markdown|json    how the report is printed on stdout (markdown); progress goes to stderr
  -load TRACKING_ID        a real load. At least one source of loads or logs must be set, the others may be absent:
                           the Tracking API and the Company API: FK_API_APP_ID and FK_API_SECRET (or
                           FK_API_AUTH_METHOD=basic, FK_API_USER, FK_API_PASSWORD), TRACKING_API_BASE_URL,
                           COMPANY_API_BASE_URL;
                           logs and traces in ClickHouse: CLICKHOUSE_HOST, CLICKHOUSE_PORT, CLICKHOUSE_USER,
                           CLICKHOUSE_PASSWORD, CLICKHOUSE_SECURE and others of clickhouse.ConfigFromEnv;
                           logs of 30 to 180 days in Trino, and Athena where Trino fails: TRINO_HOST, TRINO_USER,
                           TRINO_PASSWORD and others of trino.ConfigFromEnv; ATHENA_OUTPUT_LOCATION, ATHENA_REGION and
                           others of athena.ConfigFromEnv, with the credentials of AWS;
                           a code graph in Neo4j: NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD and others of
                           graph.ConfigFromEnv
  -case DIR                the recorded incident
  -baseline DIR            another recording, of healthy time, to compare with; default: the quiet part of the case
  -truth FILE              the truth.json of the case: also prints the score
  -clickhouse HOST:PORT    a real ClickHouse server (native protocol) to put the recording into, in databases of its
                           own that are dropped at the end. Account: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD;
                           TLS: CLICKHOUSE_SECURE=true
  -timeout DURATION        for everything, with its unit (2m)

Exit code: 0 when a report was printed, 1 when the investigation failed, 2 when the flags or variables are wrong. With
-load or the demo a report of what was seen until then is printed when the time is over, and the code is 1.

Examples:
  investigate
  investigate -load 482913377 -format json
  investigate -case incidents/C1 -baseline incidents/C0 -truth incidents/C1/truth.json
`
