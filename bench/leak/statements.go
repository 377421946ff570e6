package main

import (
	"fmt"
	"regexp"
	"strings"
)

// size says how much there is to read under which policy, and how often it is measured.
type size struct {
	wide, big, rounds int
	policy            string
}

func (n size) tenants() int { return n.wide / 1000 }

// statement is a statement in a form that all ways are made of: {table} stands where it reads a table, {guards} where its own conditions
// begin. {key} is a row that is seen, or one that is not.
type statement struct {
	title, sql   string
	seen, hidden string
}

func statements(n size) []statement {
	wide, big := 1+n.tenants()*(n.wide/n.tenants()/2), n.big/4*2
	in := func(key int, title, sql string) statement {
		return statement{title, sql, fmt.Sprint(key), fmt.Sprint(key + 1)}
	}
	return []statement{
		in(wide, "`id = K`", "SELECT id, name FROM {task} WHERE {guards} id = {key}"),
		{"`name = 'x'`, which has another index", "SELECT id, name FROM {task} WHERE {guards} name = '{key}'", name(wide), name(wide + 1)},
		in(wide, "may fail, tenant column", "SELECT id, name FROM {task} WHERE {guards} amount + 1 = 78"),
		in(wide, "may fail, path to the tenant", "SELECT id FROM {note} WHERE {guards} amount + 1 = 78"),
		in(big, "big tenant, `ORDER BY id DESC LIMIT 10`", "SELECT id, name FROM {bill} WHERE {guards} true ORDER BY id DESC LIMIT 10"),
		in(1+7*n.tenants(), "big tenant, join to one project, `name LIKE 'a%'`",
			"SELECT bill.id, name FROM {project} JOIN {bill} ON bill.project_id = project.id WHERE {guards} project.id = {key} AND name LIKE 'a%'"),
		in(big, "big tenant, `id = K`, and one that may fail", "SELECT id, name FROM {bill} WHERE {guards} id = {key} AND amount + 1 > 0"),
		in(wide, "`id = K FOR UPDATE`", "SELECT id, name FROM {task} WHERE {guards} id = {key} FOR UPDATE"),
		in(wide, "the same, and one that may fail", "SELECT id, name FROM {task} WHERE {guards} id = {key} AND amount + 1 > 0 FOR UPDATE"),
		in(wide, "`UPDATE` of `id = K`, and one that may fail", "UPDATE {task} SET name = 'changed' WHERE {guards} id = {key} AND amount + 1 > 0"),
	}
}

// name is the name of a task.
func name(id int) string { return fmt.Sprintf("%c%d", 'a'+id%26, id) }

func (s statement) locks() bool  { return strings.HasSuffix(s.sql, "FOR UPDATE") }
func (s statement) writes() bool { return strings.HasPrefix(s.sql, "UPDATE") }

// guard is what somebody who works for the tenant t1 sees of a table.
func guard(table string) string {
	if table == "note" {
		return "EXISTS (SELECT 1 FROM app.project p WHERE p.id = note.project_id AND p.tenant_id = 't1')"
	}
	return table + ".tenant_id = 't1'"
}

var tableMark = regexp.MustCompile(`\{(task|note|bill|project)\}`)

// as writes a statement, with a text for each table and with or without guards beside its conditions.
func (s statement) as(key string, table func(string) string, guarded bool) string {
	guards := ""
	for _, found := range tableMark.FindAllStringSubmatch(s.sql, -1) {
		if guarded {
			guards += guard(found[1]) + " AND "
		}
	}
	sql := tableMark.ReplaceAllStringFunc(s.sql, func(mark string) string { return table(strings.Trim(mark, "{}")) })
	return strings.NewReplacer("{guards} ", guards, "{key}", key).Replace(sql)
}

func plain(table string) string { return table }

// client is what the client writes.
func (s statement) client(key string) (string, error) { return s.as(key, plain, false), nil }

// inline has the guard beside the conditions.
func (s statement) inline(key string) (string, error) { return s.as(key, plain, true), nil }

// offset has the guard below OFFSET 0; empty for what writes, where no sub-select can stand.
func (s statement) offset(key string) (string, error) {
	if s.writes() {
		return "", nil
	}
	return s.as(key, func(table string) string {
		return fmt.Sprintf("(SELECT * FROM %s WHERE %s OFFSET 0) %[1]s", table, guard(table))
	}, false), nil
}
