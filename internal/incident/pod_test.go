package incident_test

import (
	"fmt"
	"testing"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/incident"
)

func TestServiceOfAPod(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ts-order-service-5b67c48447-mv5hb":     "ts-order-service",
		"ts-travel2-service-5c66d57d58-6mp2b":   "ts-travel2-service",
		"cart-9cdb6588f-554sm":                  "cart",
		"api-1934827413-x2f4k":                  "api", // when hashes were numbers
		"nightly-28345670-bq7vz":                "nightly",
		"fluentd-x7k2p":                         "fluentd", // of a daemon set
		"mysql-0":                               "mysql-0",
		"svc-12":                                "svc-12",
		"food-delivery":                         "food-delivery", // words have vowels
		"cart":                                  "cart",
		"Frontend":                              "Frontend",
		" cart-9cdb6588f-554sm ":                "cart",
		"-9cdb6588f-554sm":                      "-9cdb6588f",
		"":                                      "",
		"service-7-7d8f9b6c54-x2k9q":            "service-7",
		"a-very-long-name-7d8f9b6c54-x2k9q-x2k": "a-very-long-name-7d8f9b6c54-x2k9q-x2k",
	} {
		if got := incident.ServiceOf(name); got != want {
			t.Errorf("%q is of %q, want %q", name, got, want)
		}
	}
}

func TestTheLevelWordOfAMessage(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]logs.Severity{
		"16:42:22.382 INFO  a.B#1 x":   logs.SeverityInfo,
		"[warn] slow":                  logs.SeverityWarn,
		"2023-01-01 10:00:00 ERROR: x": logs.SeverityError,
		"no error here":                logs.SeverityUnset,
		"a b c d e ERROR":              logs.SeverityUnset,
	} {
		dir := folder(t, map[string]string{"a_log.csv.gz": logHeader + fmt.Sprintf("t,1700000000000000000,n,%s,c,t,s,%s\n", pod, message)})
		c, err := incident.Read(t.Context(), dir)
		if err != nil || c.Logs[0].Severity != want || c.Logs[0].Body != message {
			t.Errorf("%q: %+v, %v", message, c.Logs, err)
		}
	}
}
