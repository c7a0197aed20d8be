package redshift

import (
	"strings"
)

// Functions act where READ ONLY does not reach: they end other sessions, take locks that outlive the transaction, read and
// write files of the server, use up sequences, or run a text as SQL that nobody has checked. A caller's statement may not
// call them. Rights decide in the end: what an account may not execute it cannot call, and what functions of the
// database's own do is known to it alone.

// actingFunctions are those of PostgreSQL and of Redshift, in lower case.
var actingFunctions = map[string]string{
	"pg_reload_conf": whyServer, "pg_switch_wal": whyServer, "pg_switch_xlog": whyServer, "pg_create_restore_point": whyServer,
	"pg_start_backup": whyServer, "pg_stop_backup": whyServer, "pg_promote": whyServer,
	"pg_log_backend_memory_contexts": whyServer, "pg_export_snapshot": whyServer,
	"pg_create_physical_replication_slot": whyServer, "pg_create_logical_replication_slot": whyServer,
	"pg_copy_physical_replication_slot": whyServer, "pg_copy_logical_replication_slot": whyServer,
	"pg_drop_replication_slot": whyServer, "pg_replication_slot_advance": whyServer, "pg_sync_replication_slots": whyServer,
	"pg_logical_slot_get_changes": whyServer, "pg_logical_slot_get_binary_changes": whyServer,
	"pg_logical_emit_message": whyServer, "pg_stat_statements_reset": whyServer, "pg_import_system_collations": whyServer,
	"brin_summarize_new_values": whyServer, "brin_summarize_range": whyServer, "brin_desummarize_range": whyServer,
	"gin_clean_pending_list": whyServer, "pg_prewarm": whyServer, "pg_truncate_visibility_map": whyServer,
	"pg_notify": whyServer, "txid_current": whyServer, "pg_current_xact_id": whyServer, "reboot_cluster": whyServer,
	"change_query_priority": whySession, "change_session_priority": whySession, "change_user_priority": whySession,
	"set_config": whySetting, "setseed": whySetting,
	"nextval": whySequence, "setval": whySequence,
	"pg_stat_file": whyFile, "pg_logdir_ls": whyFile, "lo_import": whyFile, "lo_export": whyFile, "lo_creat": whyFile,
	"lo_create": whyFile, "lo_from_bytea": whyFile, "lo_open": whyFile, "lo_put": whyFile, "lo_truncate": whyFile,
	"lo_truncate64": whyFile, "lo_unlink": whyFile, "lowrite": whyFile,
	"query_export_to_s3": whyElsewhere, "table_import_from_s3": whyElsewhere,
	"ts_stat": whySQL, "ts_rewrite": whySQL, "connectby": whySQL, "xpath_table": whySQL,
}

// actingFamilies are the beginnings of names that have one meaning.
var actingFamilies = []struct{ prefix, why string }{
	{"pg_advisory_", whyLock},
	{"pg_try_advisory_", whyLock},
	{"pg_cancel_backend", whySession},
	{"pg_terminate_backend", whySession},
	{"dblink", whyElsewhere},
	{"postgres_fdw_", whyElsewhere},
	{"pg_read_", whyFile},
	{"pg_file_", whyFile},
	{"pg_ls_", whyFile},
	{"pg_wal_replay_", whyServer},
	{"pg_xlog_replay_", whyServer},
	{"pg_replication_origin_", whyServer},
	{"pg_stat_reset", whyServer},
	{"pg_rotate_logfile", whyServer},
	{"pg_backup_", whyServer},
	{"query_to_xml", whySQL},
	{"cursor_to_xml", whySQL},
	{"crosstab", whySQL},
}

const (
	whySession   = "it acts on sessions; a statement is stopped by cancelling the query of its pid"
	whyLock      = "its lock outlives the statement"
	whyElsewhere = "it reaches another server"
	whyFile      = "it reaches files of the server"
	whyServer    = "it changes what the server does"
	whySetting   = "it changes a setting; Query.Schema and Query.Timeout are how those two are set"
	whySequence  = "it uses up values"
	whySQL       = "it runs a text as SQL"
)

// acting says why a function may not be called; empty when it may.
func acting(name string) string {
	name = strings.ToLower(name)
	if why := actingFunctions[name]; why != "" {
		return why
	}
	for _, family := range actingFamilies {
		if strings.HasPrefix(name, family.prefix) {
			return family.why
		}
	}
	return ""
}

// unescaped is a statement without the backslashes that hide a sign within a text, where the server takes them so.
var unescaped = strings.NewReplacer(`\\`, "xx", `\'`, "xx")

// checkCalls refuses a statement that calls such a function, in whatever spelling. Whether a backslash hides the sign
// behind it is a setting of the server, so neither reading may find a call.
func checkCalls(sql string) error {
	err := findCall(sql)
	if err == nil && strings.Contains(sql, `\`) {
		err = findCall(unescaped.Replace(sql))
	}
	return err
}

// findCall reads as far as the statement can be read: the server reads no further either.
func findCall(sql string) error {
	words, before := &scanner{rest: sql}, ""
	for {
		word, err := words.next()
		switch {
		case err != nil || word == "":
			return nil
		case word == "&" && strings.EqualFold(before, "U") && strings.HasPrefix(words.rest, `"`):
			return writes(`a name in U&"..." is not allowed; write it as it is`)
		case word == "(":
			if why := acting(plainName(before)); why != "" {
				return writes("the function %s is not allowed: %s", plainName(before), why)
			}
		}
		before = word
	}
}

// plainName is a name without the quotes around it.
func plainName(word string) string {
	if len(word) > 1 && word[0] == '"' {
		return strings.ReplaceAll(word[1:len(word)-1], `""`, `"`)
	}
	return word
}
