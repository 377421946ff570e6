package main

import (
	"fmt"
	"strings"
)

// script makes the next script. Whatever is random about it has been seeded.
func (g *generator) script() *script {
	switch n := g.IntN(1000); {
	case n < 560:
		sql, ordered := g.top()
		return &script{kind: "select", statements: g.sent(sql), ordered: ordered}
	case n < 630:
		return g.parameterised()
	case n < 710:
		return g.write("insert", g.insert)
	case n < 800:
		return g.write("update", g.update)
	case n < 850:
		return g.write("delete", g.delete)
	case n < 880:
		return g.write("merge", g.merge)
	case n < 910:
		return g.write("with", g.modifying)
	case n < 935:
		return g.copy()
	case n < 955:
		return g.cursor()
	case n < 975:
		return g.prepared()
	case n < 985:
		return g.setting()
	default:
		return g.several()
	}
}

func (g *generator) write(kind string, of func(int) string) *script {
	g.writing = true
	return &script{kind: kind, statements: g.sent(of(2)), writes: true}
}

// sent chooses a protocol.
func (g *generator) sent(sql string) []statement {
	return []statement{{sql: sql, extended: g.chance(25)}}
}

// top is a query whose rows have one order where it says so.
func (g *generator) top() (string, bool) {
	with := ""
	if g.chance(12) {
		with = g.with(nil, 3)
	}
	sql, columns := g.body(nil, nil, 3)
	if len(columns) > 0 && !strings.Contains(sql, " FOR ") && g.chance(30) {
		return with + sql + g.limited(columns), true
	}
	return with + sql, false
}

// parameterised is a statement of the extended protocol with parameters.
func (g *generator) parameterised() *script {
	var values []*string
	g.parameters = &values
	defer func() { g.parameters = nil }()
	kind, writes, sql := "select $", false, ""
	switch g.IntN(6) {
	case 0:
		g.writing = true
		kind, writes, sql = "insert $", true, g.insert(1)
	case 1:
		g.writing = true
		kind, writes, sql = "update $", true, g.update(1)
	default:
		sql, _ = g.plain(nil, nil, 2)
	}
	if t := g.table(); !writes && g.chance(40) && len(t.columns) > 0 { // the most common form: a column beside a parameter without a type
		c := pick(g, t.columns)
		value := g.value(c.kind)
		if len(c.values) > 0 {
			v := pick(g, c.values)
			value = &v
		}
		values = []*string{value}
		sql = fmt.Sprintf("SELECT count(*) FROM %s t WHERE t.%s = $1", qualified(t), ident(c.name))
	}
	return &script{kind: kind, writes: writes, statements: []statement{{sql: sql, extended: true, parameters: values}}}
}

func (g *generator) copy() *script {
	t := g.table()
	options := pick(g, []string{"", "", " (FORMAT csv)", " (FORMAT csv, HEADER)", " WITH CSV", " (DELIMITER '|', NULL 'n')"})
	switch g.IntN(4) {
	case 0:
		columns := g.columnsOf(t)
		list := ""
		if len(columns) > 0 && g.chance(60) {
			list = " (" + columns[g.IntN(len(columns))].name + ", " + columns[g.IntN(len(columns))].name + ")"
		}
		return &script{kind: "copy", statements: g.sent("COPY " + g.name(t) + list + " TO STDOUT" + options)}
	case 1:
		g.writing = true
		return &script{kind: "copy", writes: true, statements: g.sent("COPY (" + g.update(1) + " RETURNING *) TO STDOUT" + options)}
	default:
		sql, _ := g.query(nil, g.kinds(4), 2)
		return &script{kind: "copy", statements: g.sent("COPY (" + sql + ") TO STDOUT" + options)}
	}
}

func (g *generator) cursor() *script {
	sql, columns := g.query(nil, g.kinds(3), 2)
	if len(columns) > 0 && !strings.Contains(sql, " FOR ") { // a part of the rows is only the same part in an order
		if strings.Contains(sql, " ORDER BY ") {
			sql = "SELECT * FROM (" + sql + ") o"
		}
		sql += " ORDER BY " + strings.Join(positions(len(columns)), ", ")
	}
	all := []string{"BEGIN", "DECLARE cur " + pick(g, []string{"", "SCROLL ", "NO SCROLL ", "BINARY "}) + "CURSOR FOR " + sql}
	for range 1 + g.IntN(3) {
		all = append(all, pick(g, []string{"FETCH 2 FROM cur", "FETCH ALL FROM cur", "MOVE 1 IN cur", "FETCH BACKWARD 1 FROM cur", "FETCH ABSOLUTE 2 FROM cur", "FETCH FIRST cur"}))
	}
	all = append(all, pick(g, []string{"CLOSE cur", "CLOSE ALL", "FETCH NEXT FROM nowhere"}), "ROLLBACK")
	return &script{kind: "cursor", statements: plainly(all)}
}

func (g *generator) prepared() *script {
	t := g.table()
	c := pick(g, t.columns)
	sql, _ := g.query(nil, g.kinds(3), 2)
	all := []string{
		fmt.Sprintf("PREPARE p1 (%s) AS SELECT count(*), min(t.%[2]s::text) FROM %[3]s t WHERE t.%[2]s = $1", c.kind, ident(c.name), qualified(t)),
		fmt.Sprintf("EXECUTE p1 (%s)", g.constant(c.kind)),
		fmt.Sprintf("EXECUTE p1 (%s)", g.constant(c.kind)),
		"DEALLOCATE p1",
	}
	if g.chance(50) {
		all = []string{"PREPARE p1 AS " + sql, "EXECUTE p1", "EXECUTE p1", "DEALLOCATE ALL", "EXECUTE p1"}
	}
	return &script{kind: "prepare", statements: plainly(all)}
}

func (g *generator) setting() *script {
	one := pick(g, []string{
		"SET TimeZone = 'Europe/Berlin'", "SET LOCAL DateStyle = 'ISO, DMY'", "SET IntervalStyle = 'iso_8601'", "SET extra_float_digits = 3",
		"SET application_name = 'x'", "SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = '1s'", "SET client_min_messages = warning",
	})
	show := pick(g, []string{"SHOW TimeZone", "SHOW DateStyle", "SHOW server_version", "SHOW client_encoding", "SHOW standard_conforming_strings", "SHOW transaction_isolation"})
	sql, _ := g.query(nil, []kind{stamps, dates}, 2)
	return &script{kind: "setting", statements: plainly([]string{"BEGIN", one, sql, show, "ROLLBACK"})}
}

func plainly(all []string) []statement {
	statements := make([]statement, len(all))
	for i, sql := range all {
		statements[i] = statement{sql: sql}
	}
	return statements
}

// several is one message of several statements, which is one transaction.
func (g *generator) several() *script {
	var parts []string
	writes := false
	g.writing = true
	for range 2 + g.IntN(2) {
		if g.chance(40) {
			writes = true
			parts = append(parts, pick(g, []func(int) string{g.insert, g.update, g.delete})(1))
			continue
		}
		sql, _ := g.query(nil, g.kinds(3), 2)
		parts = append(parts, sql)
		g.ctes = nil
	}
	return &script{kind: "several", writes: writes, statements: []statement{{sql: strings.Join(parts, "; ")}}}
}
