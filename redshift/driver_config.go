package redshift

import (
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// parseDriver is the driver's configuration of settings that name every variable of the environment which it would read
// else, but one: PGSERVICE has it read a service of that name from a file. There is no way to tell it not to, so it gets
// a file in which the service says nothing.
func parseDriver(settings string) (*pgxpool.Config, error) {
	if os.Getenv("PGSERVICE") == "" {
		return pgxpool.ParseConfig(settings)
	}
	file, err := os.CreateTemp("", "redshift-*.conf")
	if err != nil {
		return nil, fmt.Errorf("PGSERVICE is set, which this client does not use, and the driver cannot be kept from it; unset it: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.WriteString("[redshift]\n")
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fmt.Errorf("PGSERVICE is set, which this client does not use, and the driver cannot be kept from it; unset it: %w", err)
	}
	return pgxpool.ParseConfig(settings + setting("service", "redshift") + setting("servicefile", file.Name()))
}

// setting is one of a text of settings.
func setting(key, value string) string {
	return fmt.Sprintf("%s='%s' ", key, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
}
