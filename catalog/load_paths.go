package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// loadPaths looks for functions that set a search path. Where such a path names schemas and does not end in pg_temp, PostgreSQL looks for the function's
// tables among the caller's temporary ones first. An empty path finds nothing but names of pg_catalog, which all begin with pg_; who made an
// extension has its functions in hand.
func loadPaths(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT EXISTS (
	SELECT FROM pg_catalog.pg_proc p, pg_catalog.unnest(p.proconfig) AS c(setting)
	WHERE c.setting ~* '^search_path=' AND c.setting !~* '^search_path=([\s,"]|pg_catalog)*$' AND (c.setting !~* '[=,]\s*"?pg_temp"?\s*$' OR c.setting ~* '[=,]\s*"?pg_temp"?\s*,')
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))`
	if err := tx.QueryRow(ctx, sql).Scan(&s.TemporaryFirst); err != nil {
		return fmt.Errorf("reading the search paths of functions: %w", err)
	}
	return nil
}
