package main

import (
	"fmt"
	"slices"
	"strings"
)

// query is a SELECT of any form. want are the kinds of its columns; nil leaves them open.
func (g *generator) query(outer *scope, want []kind, d int) (string, []outputColumn) {
	with := ""
	if d > 0 && g.chance(9) {
		with = g.with(outer, d)
	}
	sql, columns := g.body(outer, want, d)
	if len(columns) > 0 && g.chance(12) && !strings.Contains(sql, " FOR ") {
		sql += g.limited(columns)
	}
	return with + sql, columns
}

func (g *generator) body(outer *scope, want []kind, d int) (string, []outputColumn) {
	switch n := g.IntN(100); {
	case n < 10 && d > 0:
		return g.setOperation(outer, want, d)
	case n < 13 && want != nil:
		columns := make([]outputColumn, len(want))
		for i, k := range want {
			columns[i] = outputColumn{fmt.Sprintf("column%d", i+1), k}
		}
		return g.valuesList(outer, want, d), columns
	case n < 16 && want == nil:
		t := g.table()
		return "TABLE " + qualified(t), g.columnsOf(t)
	case n < 32 && d > 0:
		return g.aggregated(outer, want, d)
	default:
		return g.plain(outer, want, d)
	}
}

// limited orders by every column, so that which rows are left is no matter of luck.
func (g *generator) limited(columns []outputColumn) string {
	all := make([]string, len(columns))
	for i := range columns {
		all[i] = fmt.Sprint(i+1) + pick(g, []string{"", "", " DESC", " NULLS FIRST"})
	}
	by := " ORDER BY " + strings.Join(all, ", ")
	switch g.IntN(6) {
	case 0:
		return by + fmt.Sprintf(" FETCH FIRST %d ROWS WITH TIES", 1+g.IntN(6))
	case 1:
		return by + fmt.Sprintf(" LIMIT %d OFFSET %d", g.IntN(9), g.IntN(4))
	case 2:
		return by + fmt.Sprintf(" OFFSET %d ROWS FETCH NEXT %d ROWS ONLY", g.IntN(3), 1+g.IntN(5))
	case 3:
		return by
	default:
		return by + fmt.Sprintf(" LIMIT %d", 1+g.IntN(12))
	}
}

// plain is a SELECT without grouping.
func (g *generator) plain(outer *scope, want []kind, d int) (string, []outputColumn) {
	if g.chance(3) {
		s := &scope{outer: outer}
		list, columns := g.targets(s, orKinds(g, want), d)
		return "SELECT " + list, columns
	}
	from, s := g.from(outer, d)
	list, columns, distinct := "", []outputColumn(nil), ""
	switch {
	case want == nil && g.chance(25):
		list, columns = g.star(s)
	case want == nil && g.chance(8):
		list = pick(g, []string{"1", "count(*) OVER ()", ""})
		if list != "" {
			columns = []outputColumn{{"?column?", integers}}
		}
	default:
		list, columns = g.targets(s, orKinds(g, want), d)
		if g.chance(6) && !slices.ContainsFunc(columns, func(c outputColumn) bool { return c.kind == jsons }) {
			distinct = "DISTINCT "
		} else if len(columns) > 0 && g.chance(2) {
			return g.distinctOn(s, list, columns, from, d)
		}
	}
	sql := "SELECT " + distinct + list + " FROM " + from
	if g.chance(65) {
		sql += " WHERE " + g.condition(s, d)
	}
	if outer == nil && distinct == "" && !g.masked && g.chance(4) && lockable(s) {
		sql += pick(g, []string{" FOR UPDATE", " FOR SHARE", " FOR NO KEY UPDATE", " FOR KEY SHARE", " FOR UPDATE SKIP LOCKED", " FOR SHARE NOWAIT"})
		columns = nil
	}
	return sql, columns
}

// lockable says that every item is a table; otherwise PostgreSQL refuses, mostly.
func lockable(s *scope) bool {
	return !slices.ContainsFunc(s.relations, func(r relation) bool { return r.base == nil })
}

func orKinds(g *generator, want []kind) []kind {
	if want == nil {
		return g.kinds(5)
	}
	return want
}

func (g *generator) distinctOn(s *scope, list string, columns []outputColumn, from string, d int) (string, []outputColumn) {
	key := g.expression(g.comparable(), s, 1)
	by := []string{key}
	for i := range columns {
		by = append(by, fmt.Sprint(i+1))
	}
	where := ""
	if g.chance(50) {
		where = " WHERE " + g.condition(s, d)
	}
	inner := fmt.Sprintf("SELECT DISTINCT ON (%s) %s FROM %s%s ORDER BY %s", key, list, from, where, strings.Join(by, ", "))
	return "SELECT * FROM (" + inner + ") " + g.alias("o"), columns
}

// star is a select list of stars, whole rows and system columns.
func (g *generator) star(s *scope) (string, []outputColumn) {
	r := pick(g, s.relations)
	name := r.alias
	if name == "" {
		name = ident(r.base.name)
	}
	switch g.IntN(10) {
	case 0, 1, 2:
		return "*", nil
	case 3, 4:
		return name + ".*", r.columns
	case 5:
		return name, nil
	case 6:
		return "(" + name + ").*", r.columns
	case 7:
		return fmt.Sprintf("row_to_json(%s)", name), nil
	case 8:
		if r.base == nil {
			return name + ".*", r.columns
		}
		return pick(g, []string{
			name + ".tableoid", name + ".ctid IS NOT NULL AS has", name + ".xmin IS NULL AS x", name + ".tableoid::regclass",
			name + ".cmax IS NOT NULL AS c", name + ".ctid = " + name + ".ctid AS same",
		}), nil
	default:
		return pick(g, []string{
			fmt.Sprintf("%s IS NULL AS n", name), fmt.Sprintf("count(%s) OVER () AS n", name), fmt.Sprintf("(%s)::text AS n", name),
			fmt.Sprintf("to_jsonb(%s) AS n", name), fmt.Sprintf("ROW(%s.*) AS n", name), fmt.Sprintf("%s = %s AS n", name, name),
		}), nil
	}
}

// targets is a select list of given kinds.
func (g *generator) targets(s *scope, want []kind, d int) (string, []outputColumn) {
	list, columns := make([]string, len(want)), make([]outputColumn, len(want))
	for i, k := range want {
		e := ""
		if g.chance(55) {
			e = g.column(k, s)
		}
		if e == "" {
			e = g.expression(k, s, d)
		}
		if k == integers && g.chance(7) {
			e = g.window(s)
		}
		name := fmt.Sprintf("e%d", i+1)
		columns[i] = outputColumn{name, k}
		list[i] = e + " AS " + name
	}
	if s.outer == nil && g.chance(15) { // names that PostgreSQL makes
		for i := range list {
			list[i] = strings.TrimSuffix(list[i], fmt.Sprintf(" AS e%d", i+1))
		}
	}
	return strings.Join(list, ", "), columns
}

// window is a window function whose result does not depend on the order of equal rows.
func (g *generator) window(s *scope) string {
	part := ""
	if g.chance(60) {
		part = "PARTITION BY " + g.expression(g.comparable(), s, 1) + " "
	}
	by := "ORDER BY " + g.leaf(g.comparable(), s)
	filter := ""
	if g.chance(20) {
		filter = " FILTER (WHERE " + g.condition(s, 1) + ")"
	}
	return pick(g, []string{
		fmt.Sprintf("(count(*)%s OVER (%s))", filter, part),
		fmt.Sprintf("(rank() OVER (%s%s))", part, by),
		fmt.Sprintf("(dense_rank() OVER (%s%s))", part, by),
		fmt.Sprintf("(sum(%s)%s OVER (%s%s))", g.leaf(integers, s), filter, part, by),
		fmt.Sprintf("(max(%s) OVER (%s%s RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))", g.leaf(integers, s), part, by),
		fmt.Sprintf("(count(%s) OVER (%s%s GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING))", g.leaf(texts, s), part, by),
	})
}

// aggregated is a SELECT with GROUP BY, or of aggregates alone.
func (g *generator) aggregated(outer *scope, want []kind, d int) (string, []outputColumn) {
	want = orKinds(g, want)
	from, s := g.from(outer, d)
	var keys []string
	for range g.IntN(3) {
		if k := g.column(g.comparable(), s); k != "" {
			keys = append(keys, k)
		}
	}
	list, columns := make([]string, len(want)), make([]outputColumn, len(want))
	for i, k := range want {
		columns[i] = outputColumn{fmt.Sprintf("e%d", i+1), k}
		e := ""
		if g.chance(45) {
			if e = g.column(k, s); e != "" {
				keys = append(keys, e)
			}
		}
		if e == "" {
			e = g.aggregate(k, s, d)
		}
		list[i] = e + " AS " + columns[i].name
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + from
	if g.chance(50) {
		sql += " WHERE " + g.condition(s, d)
	}
	if len(keys) > 0 {
		sql += " GROUP BY " + g.grouping(keys)
	}
	if g.chance(25) {
		sql += " HAVING " + oneOf(g,
			weighted[string]{3, func() string {
				return g.aggregate(integers, s, 1) + pick(g, []string{" > ", " <> "}) + fmt.Sprint(g.IntN(6))
			}},
			weighted[string]{1, func() string {
				if len(keys) == 0 {
					return "count(*) > 0"
				}
				return pick(g, keys) + " IS NOT NULL"
			}},
			weighted[string]{1, func() string { return fmt.Sprintf("10 / (%s - 3) >= 0", g.aggregate(integers, s, 1)) }})
	}
	return sql, columns
}

func (g *generator) grouping(keys []string) string {
	all := strings.Join(keys, ", ")
	switch g.IntN(9) {
	case 0:
		return "ROLLUP (" + all + ")"
	case 1:
		return "CUBE (" + strings.Join(keys[:min(3, len(keys))], ", ") + ")" + tail(keys[min(3, len(keys)):])
	case 2:
		return "GROUPING SETS ((" + all + "), ())"
	case 3:
		return "DISTINCT " + all
	default:
		return all
	}
}

func tail(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return ", " + strings.Join(keys, ", ")
}

func (g *generator) aggregate(k kind, s *scope, d int) string {
	filter := ""
	if g.chance(15) {
		filter = " FILTER (WHERE " + g.condition(s, d-1) + ")"
	}
	e := func(k kind) string { return g.expression(k, s, min(d-1, 1)) }
	switch k {
	case integers:
		return pick(g, []string{
			"count(*)" + filter, fmt.Sprintf("count(DISTINCT %s)%s", e(texts), filter), fmt.Sprintf("sum(%s)%s", e(integers), filter),
			fmt.Sprintf("max(%s)%s", e(integers), filter), fmt.Sprintf("min(%s)%s", e(integers), filter), fmt.Sprintf("count(%s)%s", e(dates), filter),
		})
	case numerics:
		return fmt.Sprintf("%s(%s)%s", pick(g, []string{"sum", "avg", "max", "min"}), e(numerics), filter)
	case bools:
		return fmt.Sprintf("%s(%s)%s", pick(g, []string{"bool_and", "bool_or", "every"}), e(bools), filter)
	case texts:
		x := e(texts)
		return pick(g, []string{fmt.Sprintf("max(%s)%s", x, filter), fmt.Sprintf("min(%s)%s", x, filter), fmt.Sprintf("string_agg(%s, ',' ORDER BY %s)%s", x, x, filter)})
	case arrays:
		x := e(texts)
		return fmt.Sprintf("array_agg(%s ORDER BY %s)%s", x, x, filter)
	case jsons:
		x := e(texts)
		return fmt.Sprintf("jsonb_agg(%s ORDER BY %s)%s", x, x, filter)
	case uuids:
		return g.constant(k)
	default:
		return fmt.Sprintf("%s(%s)%s", pick(g, []string{"max", "min"}), e(k), filter)
	}
}

func (g *generator) setOperation(outer *scope, want []kind, d int) (string, []outputColumn) {
	want = slices.Clone(orKinds(g, want))
	operator := pick(g, []string{"UNION", "UNION ALL", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL"})
	left, columns := g.plain(outer, want, d-1)
	right, _ := g.body(outer, want, d-1)
	if columns == nil || strings.Contains(left+right, " FOR ") {
		return left, columns
	}
	if g.chance(20) {
		right += " UNION ALL " + parenthesized(g.plain(outer, want, d-1))
	}
	return "(" + left + ") " + operator + " (" + right + ")", columns
}

func parenthesized(sql string, _ []outputColumn) string { return "(" + sql + ")" }

func (g *generator) valuesList(outer *scope, kinds []kind, d int) string {
	rows := make([]string, 1+g.IntN(3))
	for i := range rows {
		cells := make([]string, len(kinds))
		for j, k := range kinds {
			cells[j] = g.constant(k)
			if g.chance(10) {
				cells[j] = g.expression(k, &scope{outer: outer}, min(d-1, 1))
			}
		}
		rows[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return "VALUES " + strings.Join(rows, ", ")
}

// with is a WITH clause; its queries are visible from then on, until the caller forgets them.
func (g *generator) with(outer *scope, d int) string {
	var parts []string
	recursive := ""
	for range 1 + g.IntN(2) {
		name := g.alias("w")
		if g.chance(15) {
			name = ident(pick(g, g.tables.all).name)
		}
		if g.chance(12) {
			recursive = "RECURSIVE "
			sql, r := g.recursive(name, outer, d)
			parts = append(parts, sql)
			g.ctes = append(g.ctes, r)
			continue
		}
		saved := len(g.ctes)
		sql, columns := g.query(outer, g.kinds(4), d-1)
		g.ctes = g.ctes[:saved]
		list := ""
		if len(columns) > 0 && g.chance(20) {
			var names []string
			for i := range columns {
				columns[i].name = fmt.Sprintf("q%d", i)
				names = append(names, columns[i].name)
			}
			list = "(" + strings.Join(names, ", ") + ")"
		}
		parts = append(parts, name+list+" AS "+pick(g, []string{"", "", "MATERIALIZED ", "NOT MATERIALIZED "})+"("+sql+")")
		g.ctes = append(g.ctes, relation{alias: name, columns: columns})
	}
	return "WITH " + recursive + strings.Join(parts, ", ") + " "
}

// recursive is a WITH query that counts or follows numbers in a table.
func (g *generator) recursive(name string, outer *scope, d int) (string, relation) {
	r := relation{alias: name, columns: []outputColumn{{"n", integers}, {"x", texts}}}
	start, _ := g.plain(outer, []kind{integers, texts}, d-1)
	t, a := g.table(), g.alias("t")
	s := &scope{relations: []relation{{alias: a, columns: g.columnsOf(t), base: t}, {alias: "r", columns: r.columns}}, outer: outer}
	step := fmt.Sprintf("SELECT r.n + 1, left(%s, 9) FROM %s %s JOIN %s r ON %s", g.leaf(texts, s), g.name(t), a, name, g.match(&scope{relations: s.relations[:1]}, s.relations[1:], d))
	return fmt.Sprintf("%s(n, x) AS ((SELECT z.e1::int, z.e2::text FROM (%s) z(e1, e2) WHERE z.e1 < 4) UNION (%s WHERE r.n < 4))", name, start, step), r
}
