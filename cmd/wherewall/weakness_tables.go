package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/rewrite"
)

// shownExcess is how many examples a warning has.
const shownExcess = 5

// granted is what the service login may do with one relation.
type granted struct {
	Schema, Name string
	Verbs        []string // those of the table as a whole that no policy gives: TRUNCATE, REFERENCES, TRIGGER, MAINTAIN; and DELETE
	Columns      []string // as `VERB column`
}

const grantedSQL = `SELECT n.nspname::text, c.relname::text,
	ARRAY(SELECT v FROM pg_catalog.unnest($1::text[]) v WHERE pg_catalog.has_table_privilege(c.oid, v)),
	ARRAY(SELECT v || ' ' || a.attname FROM pg_catalog.pg_attribute a, pg_catalog.unnest('{SELECT,INSERT,UPDATE}'::text[]) v
	      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.has_column_privilege(c.oid, a.attnum, v) ORDER BY v, a.attnum)
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	  AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY 1, 2`

// excess (what it owns is told elsewhere) is rights on tables that the policy does not map, or beyond what any role of the policy has.
func excess(ctx context.Context, conn *pgx.Conn, s *catalog.Snapshot) ([]weakness, error) {
	needed, err := rewrite.Needs(s)
	if err != nil {
		return nil, fmt.Errorf("finding what the policy needs of the tables: %w", err)
	}
	verbs := []string{"DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
	if s.Schema.ServerVersion >= 170000 {
		verbs = append(verbs, "MAINTAIN")
	}
	rows, err := conn.Query(ctx, grantedSQL, verbs)
	if err != nil {
		return nil, fmt.Errorf("reading the service login's rights on tables: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[granted])
	if err != nil {
		return nil, fmt.Errorf("reading the service login's rights on tables: %w", err)
	}
	var unmapped, unneeded []string
	for _, g := range all {
		name := catalog.RelationName{Schema: g.Schema, Name: g.Name}
		have, known := needed[name]
		switch {
		case len(g.Verbs)+len(g.Columns) == 0:
		case !known && s.EntityOf(name) == nil:
			unmapped = append(unmapped, g.Schema+"."+g.Name)
		default:
			if more := g.beyond(have); more != "" {
				unneeded = append(unneeded, more+" on "+g.Schema+"."+g.Name)
			}
		}
	}
	const mend = "REVOKE them; `wherewall export grants` writes REVOKE and GRANT for all that is needed"
	var found []weakness
	if len(unmapped) > 0 {
		found = append(found, weakness{"login_excess", "the service login has rights on tables that the policy does not map: " + instances(unmapped), mend})
	}
	if len(unneeded) > 0 {
		found = append(found, weakness{"login_unneeded", "the service login has rights that nobody in the policy needs: " + instances(unneeded), mend})
	}
	return found, nil
}

// beyond names the rights that are not needed.
func (g granted) beyond(needed map[string][]string) string {
	var more []string
	for _, verb := range g.Verbs {
		if _, has := needed[verb]; !has {
			more = append(more, verb)
		}
	}
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE"} {
		columns, has := needed[verb]
		if has && columns == nil {
			continue
		}
		var surplus []string
		for _, c := range g.Columns {
			if name, ok := strings.CutPrefix(c, verb+" "); ok && !slices.Contains(columns, name) {
				surplus = append(surplus, name)
			}
		}
		if len(surplus) > 0 {
			more = append(more, verb+" ("+strings.Join(surplus, ", ")+")")
		}
	}
	return strings.Join(more, ", ")
}

func instances(all []string) string {
	if len(all) > shownExcess {
		return strings.Join(all[:shownExcess], "; ") + fmt.Sprintf("; and %d more", len(all)-shownExcess)
	}
	return strings.Join(all, "; ")
}
