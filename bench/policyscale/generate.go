package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// size says how much of everything a policy has.
type size struct{ Entities, Roles, Tenants, Users int }

func sizes() []size {
	return []size{
		{10, 10, 10, 100}, {100, 100, 100, 1000}, {1000, 1000, 1000, 10_000}, {1000, 10_000, 10_000, 100_000}, {1000, 10_000, 100_000, 1_000_000},
	}
}

func userName(i int) string   { return fmt.Sprintf("user%d", i) }
func tenantName(i int) string { return fmt.Sprintf("tenant%d", i) }

// readableBy is an entity that a user's role lets them read.
func readableBy(user int, n size) string { return fmt.Sprintf("e%d", user%n.Roles%n.Entities) }

// write writes a policy of a size in several files and makes the schema that it is about.
func write(dir string, n size) (*catalog.Schema, error) {
	schema := &catalog.Schema{Relations: map[catalog.RelationName]*catalog.Relation{}, SearchPath: []string{"app"}}
	for i := range n.Entities {
		r := relation(fmt.Sprintf("t%d", i))
		schema.Relations[r.RelationName] = r
	}
	files := map[string]func(w *bufio.Writer, n size){"model.yaml": writeModel, "roles.yaml": writeRoles, "tenants.yaml": writeTenants, "users.yaml": writeUsers}
	for name, content := range files {
		if err := writeFile(filepath.Join(dir, name), n, content); err != nil {
			return nil, err
		}
	}
	return schema, nil
}

func writeFile(path string, n size, content func(w *bufio.Writer, n size)) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	w := bufio.NewWriter(f)
	content(w, n)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	return nil
}

func relation(name string) *catalog.Relation {
	column := func(name, typ, sql string) catalog.Column {
		return catalog.Column{Name: name, Type: expr.Type{Schema: "pg_catalog", Name: typ}, Modifier: -1, TypeSQL: sql}
	}
	return &catalog.Relation{
		RelationName: catalog.RelationName{Schema: "app", Name: name}, Kind: 'r', PrimaryKey: []string{"id"}, Unique: [][]string{{"id"}},
		Indexed: []string{"id", "org_id", "owner"},
		Columns: []catalog.Column{column("id", "int4", "integer"), column("org_id", "text", "text"), column("owner", "text", "text"), column("amount", "int4", "integer")},
	}
}

func writeModel(w *bufio.Writer, n size) {
	fmt.Fprint(w, "wherewall: 1\nbase_role: everyone\nattributes: {limit: int}\nentities:\n")
	for i := range n.Entities {
		fmt.Fprintf(w, "  e%d: {table: app.t%d, key: id, tenant: org_id, owner: owner}\n", i, i)
	}
	fmt.Fprint(w, "permissions:\n")
	for i := range n.Entities {
		fmt.Fprintf(w, "  read%d: [e%d.read]\n  write%d: [e%d.create, e%d.update]\n", i, i, i, i, i)
	}
}

func writeRoles(w *bufio.Writer, n size) {
	fmt.Fprint(w, "roles:\n  everyone: {can: []}\n")
	for i := range n.Roles {
		fmt.Fprintf(w, "  r%d:\n    can:\n      - read%d\n      - read%d: own\n      - write%d: {scope: own, where: amount < me.limit}\n",
			i, i%n.Entities, (i+1)%n.Entities, (i*7)%n.Entities)
	}
}

// writeTenants makes every tenth tenant one with tenants below it, and a group in each of those.
func writeTenants(w *bufio.Writer, n size) {
	fmt.Fprint(w, "tenants:\n")
	for i := range n.Tenants {
		if i%10 == 0 {
			fmt.Fprintf(w, "  %s: {name: Tenant %d}\n", tenantName(i), i)
		} else {
			fmt.Fprintf(w, "  %s: {name: Tenant %d, parent: %s}\n", tenantName(i), i, tenantName(i-i%10))
		}
	}
	fmt.Fprint(w, "groups:\n")
	for i := 0; i < n.Tenants; i += 10 {
		fmt.Fprintf(w, "  g%d: {tenant: %s, members: [%s], roles: [r%d], resources: {e%d: [1, 2, 3]}}\n", i, tenantName(i), userName(i), (i+3)%n.Roles, (i+3)%n.Entities)
	}
}

// writeUsers makes people as they are: most of them in one tenant, some in two, some with attributes.
func writeUsers(w *bufio.Writer, n size) {
	fmt.Fprint(w, "users:\n")
	for i := range n.Users {
		fmt.Fprintf(w, "  %s:\n    tenants: {%s: [r%d, r%d]", userName(i), tenantName(i%n.Tenants), i%n.Roles, (i*3+1)%n.Roles)
		if second := (i*13 + 5) % n.Tenants; i%10 == 0 && second != i%n.Tenants {
			fmt.Fprintf(w, ", %s: [r%d]", tenantName(second), i%7)
		}
		fmt.Fprint(w, "}\n")
		if i%5 == 0 {
			fmt.Fprintf(w, "    attrs: {limit: %d}\n", i%1000)
		}
		fmt.Fprint(w, "    password: SCRAM-SHA-256$4096:3l85xFWBbuj+bd0jbwc5UQ==$JCgPm0rU/WdwhlPmaajhzvH2uvAhfKbXzHObCtm6F84=:ioikIS2fqYY793v/HKAJYhgzw/Z+tx2JOy9B0ia+NUk=\n")
	}
}
