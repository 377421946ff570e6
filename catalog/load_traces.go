package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// loadTraces looks for code that may leave something in a session that DISCARD ALL does not end: settings of the database's own names (which RESET empties and does
// not forget), variables of languages other than SQL and PL/pgSQL, and what some extensions keep. What functions written in C keep is for who
// lets a policy call them to know. Triggers on login (PostgreSQL 17) are the other way round: DISCARD ALL ends what they have set, and they do not run again.
func loadTraces(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT EXISTS (
	SELECT FROM pg_catalog.pg_proc p
	JOIN pg_catalog.pg_language l ON l.oid = p.prolang
	JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND l.lanname NOT IN ('internal', 'c')
	AND (l.lanname NOT IN ('sql', 'plpgsql')
	     OR p.prosrc || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '') ~*
	        'set_config|dblink_connect|\mset\s+((session|local)\s+)?("[^"]*"|[^\s.=;]+)\s*\.|\mset\s+((session|local)\s+)?%'
	     OR EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS c(setting) WHERE pg_catalog.split_part(c.setting, '=', 1) LIKE '%.%'))
) OR EXISTS (
	SELECT FROM pg_catalog.pg_extension e WHERE e.extname IN ('dblink', 'orafce', 'pg_variables', 'pgtt', 'session_variable')
) OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtevent = 'login' AND evtenabled <> 'D')`
	if err := tx.QueryRow(ctx, sql).Scan(&s.LeavesTraces); err != nil {
		return fmt.Errorf("reading what functions leave behind: %w", err)
	}
	return nil
}
