package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// kind is a type of values as far as the generator tells them apart.
type kind string

const (
	integers kind = "int"
	numerics kind = "numeric"
	texts    kind = "text"
	bools    kind = "bool"
	dates    kind = "date"
	stamps   kind = "timestamptz"
	jsons    kind = "jsonb"
	arrays   kind = "text[]"
	uuids    kind = "uuid"
	records  kind = "record"
)

// table is a relation that statements may name.
type table struct {
	schema, name string
	columns      []column
	key          []string
	entity       string // empty: nobody mapped it
	partitioned  bool
}

// column is a column of a table.
type column struct {
	name      string
	kind      kind   // an enum's kind is its type's name
	notNull   bool   // it has no default either
	generated bool   // it cannot be written
	identity  string // 'a' for ALWAYS, 'd' for BY DEFAULT
	values    []string
}

// tables is what the generator knows of a sample.
type tables struct {
	all   []*table
	enums map[kind][]string
}

func kindOf(name string) (kind, bool) {
	switch name {
	case "smallint", "integer", "bigint", "app.grade":
		return integers, true
	case "text", "character(3)", "character varying":
		return texts, true
	case "boolean":
		return bools, true
	case "timestamp with time zone":
		return stamps, true
	case "date", "jsonb", "text[]", "uuid":
		return kind(name), true
	}
	if strings.HasPrefix(name, "numeric") {
		return numerics, true
	}
	return kind(name), strings.Contains(name, ".")
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// ident quotes a name where it must be. The samples' plain names are no keywords.
func ident(name string) string {
	if plainName.MatchString(name) && name != "select" && name != "user" {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// loadTables reads a sample's tables with some values of every column, those of hidden rows among them.
func (c *cluster) loadTables(ctx context.Context, s *sample, snapshot *catalog.Snapshot) (*tables, error) {
	found, err := c.query(ctx, s.template(), fmt.Sprintf(`SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
			a.attnotnull AND NOT atthasdef AND attidentity = '', a.attgenerated <> '', a.attidentity::text,
			coalesce(a.attnum = ANY (i.indkey), false), c.relkind = 'p'
		FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
			LEFT JOIN pg_index i ON i.indrelid = c.oid AND indisprimary
		WHERE n.nspname IN ('%s') AND c.relkind IN ('r', 'p') ORDER BY 1, 2, a.attnum`, strings.Join(s.schemas, "', '")))
	if err != nil {
		return nil, err
	}
	all := &tables{enums: map[kind][]string{}}
	for _, row := range found {
		k, known := kindOf(row[3])
		if !known {
			return nil, fmt.Errorf("%s.%s.%s: the generator does not know %s", row[0], row[1], row[2], row[3])
		}
		if last := len(all.all) - 1; last < 0 || all.all[last].schema != row[0] || all.all[last].name != row[1] {
			t := &table{schema: row[0], name: row[1], partitioned: row[8] == "t"}
			if e := snapshot.EntityOf(catalog.RelationName{Schema: row[0], Name: row[1]}); e != nil {
				t.entity = e.Name
			}
			all.all = append(all.all, t)
		}
		t := all.all[len(all.all)-1]
		if row[7] == "t" {
			t.key = append(t.key, row[2])
		}
		values, err := c.values(ctx, s, t, row[2])
		if err != nil {
			return nil, err
		}
		t.columns = append(t.columns, column{name: row[2], kind: k, notNull: row[4] == "t", generated: row[5] == "t", identity: row[6], values: values})
	}
	enums, err := c.query(ctx, s.template(), "SELECT format_type(enumtypid, NULL), enumlabel FROM pg_enum ORDER BY 1, enumsortorder")
	for _, row := range enums {
		all.enums[kind(row[0])] = append(all.enums[kind(row[0])], row[1])
	}
	return all, err
}

func (c *cluster) values(ctx context.Context, s *sample, t *table, name string) ([]string, error) {
	rows, err := c.query(ctx, s.template(), fmt.Sprintf("SELECT DISTINCT %[1]s::text COLLATE \"C\" FROM %[2]s.%[3]s WHERE %[1]s IS NOT NULL ORDER BY 1 LIMIT 60",
		ident(name), ident(t.schema), ident(t.name)))
	var all []string
	for _, row := range rows {
		all = append(all, row[0])
	}
	return all, err
}

// may is what a subject may do with a table.
type may struct {
	read, create, update, remove bool
	columns                      []string // those that can be read; nil for all
	writable, creatable          []string
	partly                       map[string]bool // those that show other values than the table's, or depend on the row
}

func rights(p *plan.Plan, t *table) may {
	if t.entity == "" {
		return may{}
	}
	read, create := p.Rule(t.entity, catalog.Read), p.Rule(t.entity, catalog.Create)
	update, remove := p.Rule(t.entity, catalog.Update), p.Rule(t.entity, catalog.Delete)
	m := may{
		read: read.Kind != plan.NoAccess, create: create.Kind != plan.NoAccess, update: update.Kind != plan.NoAccess, remove: remove.Kind != plan.NoAccess,
		partly: map[string]bool{},
	}
	for _, c := range t.columns {
		shown, open := read.Columns[c.name]
		if read.Columns == nil || open {
			m.columns = append(m.columns, c.name)
		}
		if read.Columns != nil && (!open || !always(shown)) {
			m.partly[c.name] = true
		}
		if _, given := update.Writable[c.name]; update.Writable == nil || given {
			m.writable = append(m.writable, c.name)
		}
		if _, given := create.Writable[c.name]; create.Writable == nil || given {
			m.creatable = append(m.creatable, c.name)
		}
	}
	return m
}

// grants is a subject's rights as PostgreSQL knows them.
func (all *tables) grants(p *plan.Plan, role string) string {
	var b strings.Builder
	for _, t := range all.all {
		m := rights(p, t)
		for _, verb := range []struct {
			name    string
			has     bool
			columns []string
		}{{"SELECT", m.read, m.columns}, {"INSERT", m.create, m.creatable}, {"UPDATE", m.update, m.writable}} {
			if !verb.has {
				continue
			}
			list := ""
			if len(verb.columns) < len(t.columns) {
				quoted := slices.Clone(verb.columns)
				for i := range quoted {
					quoted[i] = ident(quoted[i])
				}
				list = " (" + strings.Join(quoted, ", ") + ")"
			}
			fmt.Fprintf(&b, "GRANT %s%s ON %s.%s TO %q;\n", verb.name, list, ident(t.schema), ident(t.name), role)
		}
		if m.remove {
			fmt.Fprintf(&b, "GRANT DELETE ON %s.%s TO %q;\n", ident(t.schema), ident(t.name), role)
		}
	}
	return b.String()
}

func always(s plan.Shown) bool {
	b, ok := s.Raw.(expr.Bool)
	return ok && bool(b)
}
