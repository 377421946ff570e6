package main

import (
	"fmt"
	"slices"
	"strings"
)

// target is a table to be written: one that the subject may write so, nearly always.
func (g *generator) target(may func(may) bool) *table {
	var found []*table
	for _, t := range g.tables.all {
		if may(g.rights[t]) {
			found = append(found, t)
		}
	}
	if len(found) == 0 || g.chance(2) {
		return pick(g, g.tables.all)
	}
	return pick(g, found)
}

// cell is a value for a column, often one that belongs to the subject.
func (g *generator) cell(c *column, s *scope) string {
	switch {
	case g.chance(3):
		return "DEFAULT"
	case strings.HasPrefix(c.name, "org") && c.kind == texts || c.name == "clinic_id":
		if g.chance(85) && g.tenant != "" {
			return literal(g.tenant)
		}
	case c.name == "author_id" || c.name == "assignee_id" || c.name == "created_by" || c.name == "owner_id":
		if g.chance(70) {
			return literal(g.user)
		}
	}
	switch {
	case len(c.values) > 0 && g.chance(60):
		return literal(pick(g, c.values))
	case g.chance(60):
		return g.expression(c.kind, s, 1)
	default:
		return g.constant(c.kind)
	}
}

// chosen are the columns that an INSERT names: those it must, and some others.
func (g *generator) chosen(t *table) []*column {
	var all []*column
	m := g.rights[t]
	for i := range t.columns {
		c := &t.columns[i]
		switch {
		case c.generated || c.identity == "a":
			if g.chance(98) {
				continue
			}
		case m.create && !slices.Contains(m.creatable, c.name) && g.chance(95):
			continue
		case c.notNull && g.chance(97):
		case slices.Contains(t.key, c.name) && g.chance(90), g.chance(60):
			continue
		}
		all = append(all, c)
	}
	return all
}

func identsOf(columns []*column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = ident(c.name)
	}
	return strings.Join(names, ", ")
}

func (g *generator) insert(d int) string {
	t := g.target(func(m may) bool { return m.create })
	columns := g.chosen(t)
	sql, a := "INSERT INTO "+g.name(t), ident(t.name)
	if g.chance(15) {
		a = g.alias("i")
		sql += " AS " + a
	}
	overriding := ""
	if g.chance(3) {
		overriding = pick(g, []string{"OVERRIDING SYSTEM VALUE ", "OVERRIDING USER VALUE "})
	}
	switch {
	case g.chance(2):
		sql += " DEFAULT VALUES"
	case g.chance(25):
		from, s := g.from(nil, d-1)
		cells := make([]string, len(columns))
		for i, c := range columns {
			for cells[i] = g.cell(c, s); cells[i] == "DEFAULT"; {
				cells[i] = g.constant(c.kind)
			}
			cells[i] = fmt.Sprintf("(%s)::%s", cells[i], c.kind)
		}
		// One row at most: the order in which rows are inserted decides which numbers they get.
		sql += fmt.Sprintf(" (%s) %sSELECT DISTINCT %s FROM %s WHERE %s ORDER BY %s LIMIT 1", identsOf(columns), overriding, strings.Join(cells, ", "), from,
			g.condition(s, 1), strings.Join(positions(len(columns)), ", "))
	default:
		rows := make([]string, 1+g.IntN(2)*g.IntN(2))
		for i := range rows {
			cells := make([]string, len(columns))
			for j, c := range columns {
				cells[j] = g.cell(c, &scope{})
			}
			rows[i] = "(" + strings.Join(cells, ", ") + ")"
		}
		sql += fmt.Sprintf(" (%s) %sVALUES %s", identsOf(columns), overriding, strings.Join(rows, ", "))
	}
	s := &scope{relations: []relation{{alias: a, columns: g.columnsOf(t), base: t}}}
	if g.chance(15) {
		sql += g.onConflict(t, s)
	}
	return sql + g.returning(s)
}

func positions(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i + 1)
	}
	return all
}

func (g *generator) onConflict(t *table, s *scope) string {
	key := make([]string, len(t.key))
	for i, k := range t.key {
		key[i] = ident(k)
	}
	if g.chance(40) {
		return pick(g, []string{" ON CONFLICT DO NOTHING", " ON CONFLICT (" + strings.Join(key, ", ") + ") DO NOTHING"})
	}
	both := &scope{relations: append(slices.Clone(s.relations), relation{alias: "excluded", columns: s.relations[0].columns})}
	sql := fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", strings.Join(key, ", "), g.assignments(t, both))
	if g.chance(30) {
		sql += " WHERE " + g.condition(both, 1)
	}
	return sql
}

// assignments is a SET list.
func (g *generator) assignments(t *table, s *scope) string {
	m := g.rights[t]
	var may []*column
	for i := range t.columns {
		c := &t.columns[i]
		if (!c.generated && c.identity != "a" && (!m.update || slices.Contains(m.writable, c.name)) && !slices.Contains(t.key, c.name)) || g.chance(1) {
			may = append(may, c)
		}
	}
	if len(may) == 0 {
		may = []*column{&t.columns[0]}
	}
	g.Shuffle(len(may), func(i, j int) { may[i], may[j] = may[j], may[i] })
	if len(may) > 1 && g.chance(12) {
		return fmt.Sprintf("(%s, %s) = %s", ident(may[0].name), ident(may[1].name), pick(g, []string{
			fmt.Sprintf("(%s, %s)", g.cell(may[0], s), g.cell(may[1], s)),
			"(SELECT * FROM " + g.subquery(s, []kind{may[0].kind, may[1].kind}, 1) + " z ORDER BY 1, 2 LIMIT 1)",
		}))
	}
	all := make([]string, 1+g.IntN(min(3, len(may))))
	for i := range all {
		all[i] = ident(may[i].name) + " = " + g.cell(may[i], s)
	}
	return strings.Join(all, ", ")
}

func (g *generator) returning(s *scope) string {
	switch {
	case g.chance(55):
		return ""
	case g.chance(30):
		if len(s.relations) == 1 && s.outer == nil {
			return " RETURNING *"
		}
		return ""
	default:
		list, _ := g.targets(&scope{relations: s.relations, outer: &scope{}}, g.kinds(3), 1)
		return " RETURNING " + list
	}
}

// targetItem names the target of an UPDATE or DELETE.
func (g *generator) targetItem(t *table) (string, relation) {
	r := relation{alias: "", columns: g.columnsOf(t), base: t}
	sql := g.name(t)
	if g.chance(2) {
		sql = "ONLY " + sql
	}
	if g.chance(60) {
		r.alias = g.alias("t")
		sql += " AS " + r.alias
	}
	return sql, r
}

func (g *generator) update(d int) string {
	t := g.target(func(m may) bool { return m.update })
	sql, r := g.targetItem(t)
	sql = "UPDATE " + sql
	s := &scope{relations: []relation{r}}
	from, where := "", ""
	if g.chance(20) {
		// Which of several matching rows an UPDATE takes is a matter of luck, so what is assigned does not depend on them.
		sql += " SET " + g.assignments(t, s)
		item, other := g.from(nil, d-1)
		from = " FROM " + item
		match := g.match(s, other.relations, d)
		s.relations = append(s.relations, other.relations...)
		where = " WHERE " + match
		if g.chance(50) {
			where += " AND " + g.condition(s, 1)
		}
		return sql + from + where + g.returning(&scope{relations: s.relations[:1], outer: &scope{}})
	}
	sql += " SET " + g.assignments(t, s)
	if g.chance(90) {
		where = " WHERE " + g.condition(s, d)
	}
	return sql + where + g.returning(s)
}

func (g *generator) delete(d int) string {
	t := g.target(func(m may) bool { return m.remove })
	sql, r := g.targetItem(t)
	s := &scope{relations: []relation{r}}
	using := ""
	if g.chance(20) {
		item, other := g.from(nil, d-1)
		using = " USING " + item
		where := " WHERE " + g.match(s, other.relations, d)
		s.relations = append(s.relations, other.relations...)
		if g.chance(50) {
			where += " AND " + g.condition(s, 1)
		}
		return "DELETE FROM " + sql + using + where + g.returning(&scope{relations: s.relations[:1], outer: &scope{}})
	}
	return "DELETE FROM " + sql + " WHERE " + g.condition(s, d) + g.returning(s)
}

func (g *generator) merge(d int) string {
	t := g.target(func(m may) bool { return m.update || m.create })
	sql, r := g.targetItem(t)
	s := &scope{relations: []relation{r}}
	source, columns := g.query(nil, []kind{integers, texts, texts}, d-1)
	a := g.alias("s")
	// Each row of the target meets one row of the source at most, in most cases.
	other := relation{alias: a, columns: []outputColumn{{"n", integers}, {"x", texts}, {"y", texts}}}
	if columns == nil {
		source = "VALUES (1, 'a', 'b')"
	}
	source = fmt.Sprintf("(SELECT n, min(x) AS x, min(y) AS y FROM (%s) z(n, x, y) GROUP BY n)", source)
	both := &scope{relations: []relation{r, other}}
	key := g.column(integers, s)
	if key == "" {
		key = g.leaf(integers, s)
	}
	out := fmt.Sprintf("MERGE INTO %s USING %s AS %s ON %s = %s.n", sql, source, a, key, a)
	if g.chance(30) {
		out += " AND " + g.condition(both, 1)
	}
	branches := 1 + g.IntN(2)
	for i := range branches {
		when := ""
		if i < branches-1 || g.chance(40) {
			when = " AND " + g.condition(both, 1)
		}
		switch g.IntN(5) {
		case 0, 1:
			out += " WHEN MATCHED" + when + " THEN UPDATE SET " + g.assignments(t, both)
		case 2:
			out += " WHEN MATCHED" + when + " THEN DELETE"
		case 3:
			out += " WHEN MATCHED" + when + " THEN DO NOTHING"
		default:
			columns := g.chosen(t)
			cells := make([]string, len(columns))
			only := &scope{relations: both.relations[1:]}
			for i, c := range columns {
				cells[i] = g.cell(c, only)
			}
			if when != "" {
				when = " AND " + g.condition(only, 1)
			}
			out += fmt.Sprintf(" WHEN NOT MATCHED%s THEN INSERT (%s) VALUES (%s)", when, identsOf(columns), strings.Join(cells, ", "))
		}
	}
	return out
}

// modifying is a SELECT or a write over writes in WITH.
func (g *generator) modifying(d int) string {
	inner := pick(g, []func(int) string{g.insert, g.update, g.delete})(d - 1)
	if i := strings.LastIndex(inner, " RETURNING "); i >= 0 {
		inner = inner[:i]
	}
	name := g.alias("w")
	if g.chance(20) {
		return "WITH " + name + " AS (" + inner + ") SELECT 1 AS one"
	}
	count := ""
	if g.chance(50) {
		count = ", (SELECT count(*) FROM " + qualified(g.table()) + ") AS before"
	}
	return "WITH " + name + " AS (" + inner + " RETURNING *) SELECT count(*) AS n" + count + " FROM " + name
}
