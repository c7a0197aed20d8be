package clickhousetest

import "github.com/fourkites/sources/clickhouse"

// Config is what a client of this server needs: its address, and otherwise the defaults. The caller owns it and may
// change it, to read more rows than the default or to log in as a user of [Server.AddUser].
func (s *Server) Config() clickhouse.Config {
	return clickhouse.Config{Addresses: []string{s.Addr()}}
}
