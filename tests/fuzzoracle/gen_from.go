package main

import (
	"fmt"
	"strings"
)

// from is a FROM clause of up to three items; its relations are what the rest of the query may name.
func (g *generator) from(outer *scope, d int) (string, *scope) {
	s := &scope{outer: outer}
	sql, first := g.item(s, d)
	s.relations = append(s.relations, first...)
	for n := g.IntN(10); n >= 6 && len(s.relations) < 3; n -= 2 {
		next := ""
		if next, sql = g.join(s, sql, d); next == "" {
			break
		}
		sql = next
	}
	return sql, s
}

// join adds an item to a FROM clause.
func (g *generator) join(s *scope, left string, d int) (joined, same string) {
	right, added := g.item(s, d-1)
	both := &scope{relations: append(append([]relation(nil), s.relations...), added...), outer: s.outer}
	defer func() { s.relations = both.relations }()
	switch g.IntN(14) {
	case 0:
		return left + ", " + right, left
	case 1:
		return left + " CROSS JOIN " + right, left
	case 2:
		return left + " NATURAL " + pick(g, []string{"", "LEFT ", "FULL "}) + "JOIN " + right, left
	case 3, 4:
		if name := shared(s.relations, added); name != "" {
			as := ""
			if g.chance(30) {
				u := relation{alias: g.alias("u"), columns: merged(both.relations, name)}
				as = " AS " + u.alias
				both.relations = append(both.relations, u)
			}
			return fmt.Sprintf("%s %sJOIN %s USING (%s)%s", left, pick(g, []string{"", "LEFT ", "RIGHT ", "FULL "}), right, name, as), left
		}
	case 5:
		inner, more := g.item(&scope{outer: s.outer}, d-1)
		nested := &scope{relations: append(append([]relation(nil), added...), more...), outer: s.outer}
		right = fmt.Sprintf("(%s %sJOIN %s ON %s)", right, pick(g, []string{"", "LEFT "}), inner, g.match(&scope{relations: added, outer: s.outer}, more, d))
		added = nested.relations
		if g.chance(40) {
			j := relation{alias: g.alias("j"), columns: unambiguous(added)}
			right, added = right+" AS "+j.alias, []relation{j}
		}
		both.relations = append(append([]relation(nil), s.relations...), added...)
	}
	kind := pick(g, []string{"", "", "INNER ", "LEFT ", "LEFT ", "RIGHT ", "FULL "})
	on := g.match(s, added, d)
	if kind != "FULL " && g.chance(30) {
		on += " AND " + g.condition(both, min(d-1, 1))
	}
	if kind == "LEFT " && g.chance(5) || kind == "" && g.chance(3) {
		on = g.condition(both, 1)
	}
	return fmt.Sprintf("%s %sJOIN %s ON %s", left, kind, right, on), left
}

// match is an equality between two sides, where they have something to compare.
func (g *generator) match(s *scope, added []relation, _ int) string {
	local := &scope{relations: s.relations}
	right := &scope{relations: added}
	for range 8 {
		k := pick(g, []kind{integers, integers, texts, texts, dates, bools})
		l, r := g.column(k, local), g.column(k, right)
		if l != "" && r != "" {
			return l + " = " + r
		}
	}
	return "true"
}

// merged is the column that USING makes of those of a name.
func merged(relations []relation, name string) []outputColumn {
	for _, r := range relations {
		for _, c := range r.columns {
			if c.name == name {
				return []outputColumn{c}
			}
		}
	}
	return nil
}

// unambiguous are the columns that keep a name of their own under a join's alias.
func unambiguous(relations []relation) []outputColumn {
	count := map[string]int{}
	for _, r := range relations {
		for _, c := range r.columns {
			count[c.name]++
		}
	}
	var columns []outputColumn
	for _, r := range relations {
		for _, c := range r.columns {
			if count[c.name] == 1 {
				columns = append(columns, c)
			}
		}
	}
	return columns
}

// shared is a column that both sides have once.
func shared(left, right []relation) string {
	count, kinds := map[string]int{}, map[string]kind{}
	for _, r := range left {
		for _, c := range r.columns {
			count[c.name]++
			kinds[c.name] = c.kind
		}
	}
	for _, r := range right {
		for _, c := range r.columns {
			if count[c.name] == 1 && c.kind == kinds[c.name] && c.kind != jsons {
				return c.name
			}
		}
	}
	return ""
}

// item is a FROM item and what it brings.
func (g *generator) item(s *scope, d int) (string, []relation) {
	if len(g.ctes) > 0 && g.chance(45) {
		c := pick(g, g.ctes)
		a := g.alias("c")
		return c.alias + " AS " + a, []relation{{alias: a, columns: c.columns}}
	}
	switch n := g.IntN(100); {
	case n < 14 && d > 0:
		return g.derived(s, d)
	case n < 17:
		return g.valuesItem(s, d)
	case n < 20:
		return g.functionItem(s)
	default:
		return g.tableItem()
	}
}

func (g *generator) tableItem() (string, []relation) {
	t := g.table()
	sql, columns := g.name(t), g.columnsOf(t)
	if g.chance(3) {
		sql = "ONLY " + sql
	}
	r := relation{columns: columns, base: t}
	if g.chance(80) {
		r.alias = g.alias("t")
		sql += pick(g, []string{" ", " AS "}) + r.alias
		if all := len(t.columns); len(columns) == all && g.chance(8) {
			n := 1 + g.IntN(all)
			r.columns = append([]outputColumn(nil), columns...)
			names := make([]string, n)
			for i := range n {
				names[i] = fmt.Sprintf("k%d", i)
				if g.chance(20) {
					names[i] = columns[all-1-i].name // a name that means another column elsewhere
				}
				r.columns[i].name = names[i]
			}
			sql += "(" + strings.Join(names, ", ") + ")"
		}
	}
	if !g.masked && !g.writing && g.chance(2) {
		sql += fmt.Sprintf(" TABLESAMPLE %s (%d) REPEATABLE (%d)", pick(g, []string{"BERNOULLI", "SYSTEM"}), 20+g.IntN(80), g.IntN(5))
	}
	return sql, []relation{r}
}

func (g *generator) derived(s *scope, d int) (string, []relation) {
	outer, lateral := s.outer, ""
	if g.chance(35) {
		outer, lateral = s, "LATERAL "
	}
	saved := len(g.ctes)
	sql, columns := g.query(outer, g.kinds(4), d-1)
	g.ctes = g.ctes[:saved]
	a := g.alias("d")
	if len(columns) > 0 && g.chance(25) {
		names := make([]string, len(columns))
		for i := range columns {
			names[i] = fmt.Sprintf("l%d", i)
			columns[i].name = names[i]
		}
		return fmt.Sprintf("%s(%s) AS %s(%s)", lateral, sql, a, strings.Join(names, ", ")), []relation{{alias: a, columns: columns}}
	}
	return fmt.Sprintf("%s(%s) %s", lateral, sql, a), []relation{{alias: a, columns: columns}}
}

func (g *generator) valuesItem(s *scope, d int) (string, []relation) {
	kinds := g.kinds(3)
	a := g.alias("v")
	columns, names := make([]outputColumn, len(kinds)), make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = fmt.Sprintf("w%d", i)
		columns[i] = outputColumn{names[i], k}
	}
	return fmt.Sprintf("(%s) AS %s(%s)", g.valuesList(s.outer, kinds, d), a, strings.Join(names, ", ")), []relation{{alias: a, columns: columns}}
}

func (g *generator) functionItem(s *scope) (string, []relation) {
	a := g.alias("f")
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("generate_series(1, %d) AS %s(n)", 1+g.IntN(8), a), []relation{{alias: a, columns: []outputColumn{{"n", integers}}}}
	case 1:
		return fmt.Sprintf("unnest(%s) AS %s(x)", g.leaf(arrays, s), a), []relation{{alias: a, columns: []outputColumn{{"x", texts}}}}
	case 2:
		return fmt.Sprintf("unnest(%s) WITH ORDINALITY AS %s(x, n)", g.leaf(arrays, s), a), []relation{{alias: a, columns: []outputColumn{{"x", texts}, {"n", integers}}}}
	case 3:
		return fmt.Sprintf("LATERAL jsonb_each_text(CASE WHEN jsonb_typeof(%[1]s) = 'object' THEN %[1]s ELSE '{}' END) AS %[2]s(k, x)", g.leaf(jsons, s), a),
			[]relation{{alias: a, columns: []outputColumn{{"k", texts}, {"x", texts}}}}
	case 4:
		return fmt.Sprintf("ROWS FROM (generate_series(1, %d), unnest(%s)) AS %s(n, x)", 1+g.IntN(4), g.constant(arrays), a),
			[]relation{{alias: a, columns: []outputColumn{{"n", integers}, {"x", texts}}}}
	default:
		return fmt.Sprintf("jsonb_to_recordset(%s) AS %s(hours int, text text)", "'[{\"hours\": 3, \"text\": \"x\"}]'::jsonb", a),
			[]relation{{alias: a, columns: []outputColumn{{"hours", integers}, {"text", texts}}}}
	}
}
