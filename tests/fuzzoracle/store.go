package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// store is a database that is written to, seen by the superuser.
type store struct {
	name     string
	conn     *pgconn.PgConn
	tables   []*stored
	restored int
}

// stored is a table and what it looked like before anybody wrote to it.
type stored struct {
	name, oid, key, columns string
	rows, xmin              string
}

func (c *cluster) openStore(ctx context.Context, s *sample, name string) (*store, error) {
	conn, err := pgconn.Connect(ctx, c.AdminDSN(name))
	if err != nil {
		return nil, fmt.Errorf("connecting as the superuser: %w", err)
	}
	d := &store{name: name, conn: conn}
	rows, err := textRows(ctx, conn, fmt.Sprintf(`SET session_replication_role = replica; SET statement_timeout = 0; SET extra_float_digits = 0;
		SELECT c.oid::regclass, c.oid, string_agg(format('t.%%1$I = p.%%1$I', a.attname), ' AND ') FILTER (WHERE a.attnum = ANY (indkey)),
			string_agg(quote_ident(a.attname), ',') FILTER (WHERE a.attgenerated = '')
		FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND indisprimary JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
			JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind = 'r' AND nspname IN ('%s') GROUP BY c.oid ORDER BY 1`, strings.Join(s.schemas, "', '")))
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		d.tables = append(d.tables, &stored{name: r[0], oid: r[1], key: r[2], columns: r[3]})
	}
	_, err = d.changed(ctx)
	return d, err
}

// changed finds the tables that are no longer what they were, and takes what they are now for that.
func (d *store) changed(ctx context.Context) ([]int, error) {
	parts := make([]string, len(d.tables))
	for i, t := range d.tables {
		parts[i] = fmt.Sprintf("SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM %s", t.name)
	}
	rows, err := textRows(ctx, d.conn, strings.Join(parts, " UNION ALL ")+
		"; SELECT setval(name::regclass, coalesce(last_value, 1), last_value IS NOT NULL) FROM pristine.sequence")
	if err != nil {
		return nil, err
	}
	var all []int
	for i, t := range d.tables {
		if t.rows != rows[i][0] || t.xmin != rows[i][1] {
			all = append(all, i)
		}
		if t.rows == "" {
			t.rows, t.xmin = rows[i][0], rows[i][1]
		}
	}
	return all, nil
}

// content is every row of a table, sorted.
func (d *store) content(ctx context.Context, i int) ([]string, error) {
	rows, err := textRows(ctx, d.conn, fmt.Sprintf("SELECT t::text FROM %s t", d.tables[i].name))
	all := make([]string, len(rows))
	for j, r := range rows {
		all[j] = maskRun(r[0])
	}
	slices.Sort(all)
	return all, err
}

// restore brings changed tables back. Foreign keys and triggers are off in this session.
func (d *store) restore(ctx context.Context, changed []int) error {
	var b strings.Builder
	for _, i := range changed {
		t := d.tables[i]
		fmt.Fprintf(&b, `DELETE FROM %[1]s WHERE xmin::text::bigint > %[2]s;
			INSERT INTO %[1]s (%[3]s) OVERRIDING SYSTEM VALUE SELECT %[3]s FROM pristine."%[4]s" p WHERE NOT EXISTS (SELECT FROM %[1]s t WHERE %[5]s);`,
			t.name, t.xmin, t.columns, t.oid, t.key)
		t.rows, t.xmin = "", ""
	}
	if _, err := textRows(ctx, d.conn, b.String()); err != nil {
		return err
	}
	if d.restored++; d.restored%150 == 0 {
		if _, err := textRows(ctx, d.conn, "VACUUM"); err != nil {
			return err
		}
	}
	_, err := d.changed(ctx)
	return err
}
