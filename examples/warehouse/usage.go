package main

const usage = `Usage: warehouse [flags]

Without flags, a demo: tells the life of a made-up load from a Redshift, a Trino and a Tracking API in process, nothing to
install.

With -load: asks the real services about a load.

Flags:
  -format markdown|json    how the report is printed on stdout (markdown); progress goes to stderr
  -load TRACKING_ID        a real load. At least one source must be set, the others may be absent:
                           Redshift: REDSHIFT_HOST, REDSHIFT_PORT, REDSHIFT_DB, REDSHIFT_USER and REDSHIFT_PASSWORD, or
                           REDSHIFT_CLUSTER_ID or REDSHIFT_WORKGROUP for IAM, and others of redshift.ConfigFromEnv;
                           Trino: TRINO_HOST, TRINO_PORT, TRINO_USER, TRINO_PASSWORD and others of trino.ConfigFromEnv;
                           the Tracking API: FK_API_APP_ID and FK_API_SECRET (or FK_API_AUTH_METHOD=basic, FK_API_USER,
                           FK_API_PASSWORD), TRACKING_API_BASE_URL
  -timeout DURATION        for everything, with its unit (5m)

Exit code: 0 when a report was printed, 1 when nothing could be told or the time was over, 2 when the flags or variables
are wrong. A report of what was seen until then is printed when the time is over, and the code is 1.

Examples:
  warehouse
  warehouse -load 482913377 -format json
`
