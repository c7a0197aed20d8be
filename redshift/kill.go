package redshift

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const killTimeout = 3 * time.Second

// What a session works on. Behind a proxy the number that a session was given may be that of another's: only where the
// server itself says that this very statement runs there, it is stopped.
const (
	worksRedshift = "SELECT query_text FROM sys_query_history WHERE session_id = $1 AND status IN ('planning', 'queued', 'running', 'returning')"
	worksStandard = "SELECT query FROM pg_stat_activity WHERE pid = $1 AND application_name = left($2, 63) AND state <> 'idle'"
)

// kill stops a session's statement from another connection, for what it is worth: the request to cancel was lost or a
// proxy kept it, the account may lack the right, or the server be gone.
func (c *Client) kill(pid uint32, sql string) {
	if c.ending.Load() || pid == 0 {
		return
	}
	c.background.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
		defer cancel()
		k, err := c.acquire(ctx)
		if err != nil {
			return
		}
		defer c.release(k)
		if c.worksOn(ctx, k.Conn(), pid, sql) {
			_, _ = k.Exec(ctx, "SELECT pg_cancel_backend($1)", int64(pid))
		}
	})
}

// worksOn reports whether the session works on that statement, as far as the account may see.
func (c *Client) worksOn(ctx context.Context, k *pgx.Conn, pid uint32, sql string) bool {
	running := ""
	if !c.standard.Load() {
		err := k.QueryRow(ctx, worksRedshift, int64(pid)).Scan(&running)
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || verdictOf(e).kind != notThere.kind {
			return err == nil && sameStatement(running, sql)
		}
	}
	err := k.QueryRow(ctx, worksStandard, int64(pid), c.config.Name).Scan(&running)
	return err == nil && sameStatement(running, sql)
}

// shortestText is how much of a statement every server shows, in bytes.
const shortestText = 1000

// sameStatement compares a statement with the beginning of one as a server shows it: a line's end may be written as \n.
func sameStatement(shown, sql string) bool {
	plain := func(text string) string {
		return strings.Join(strings.Fields(strings.NewReplacer(`\n`, " ", `\r`, " ", `\t`, " ").Replace(text)), " ")
	}
	shown, sql = plain(shown), plain(sql)
	return shown == sql || len(shown) >= shortestText*9/10 && strings.HasPrefix(sql, strings.ToValidUTF8(shown, ""))
}
