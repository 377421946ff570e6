package tests

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The proofs draw whole policies and write each down twice: as the YAML that Wherewall reads, and as the formula of docs/policy.md in
// SQL. PostgreSQL says whether the two mean the same. What writes the formula shares no code with the product.

// proofModel is a drawn policy.
type proofModel struct {
	entities map[string]*proofEntity
	roles    map[string]*proofRole            // the system's, platform roles included
	custom   map[string]map[string]*proofRole // by tenant
	groups   map[string]*proofGroup
	users    map[string]*proofUser
}

// proofEntity is how one table is mapped. The table's name is the entity's.
type proofEntity struct {
	tenant string // a column, a path and a column, or global
	shared bool
	always string            // with columns in braces; empty for none
	owners map[string]string // by name, the empty one being that of `owner:`
	keys   bool              // relations are taken from the foreign keys
}

// proofRole is a role; replaces is for a tenant's own.
type proofRole struct {
	platform bool
	replaces string
	grants   []proofGrant
}

// proofGrant is one grant. Its conditions have columns in braces.
type proofGrant struct {
	entity, permission string
	scope              string // tenant, own, own:NAME, tree, all
	anyTenant          bool
	where, check       string
}

// proofGroup is a group; resources is nil where it has no set. One without a name is a resource grant.
type proofGroup struct {
	tenant    string
	members   []string
	roles     []string
	resources map[string][]string
	single    bool
}

// proofUser is a user; attrs are in YAML.
type proofUser struct {
	tenants  map[string][]string
	platform []string
	attrs    map[string]string
}

// proofOperation is one operation of a permission; columns is nil for all.
type proofOperation struct {
	action  string
	columns []string
}

// proofPermissions are what a grant can give of an entity.
func proofPermissions() map[string][]proofOperation {
	return map[string][]proofOperation{
		"see":   {{"read", nil}},
		"all":   {{"read", nil}, {"create", nil}, {"update", nil}, {"delete", nil}},
		"write": {{"update", nil}, {"create", nil}},
		"size":  {{"update", []string{"size"}}},
		"move":  {{"update", []string{"org", "who"}}, {"create", []string{"id", "org", "who", "size", "word"}}},
		"drop":  {{"delete", nil}},
	}
}

// proofTenants are the tenants and those below each, itself included.
func proofTenants() map[string][]string {
	return map[string][]string{"acme": {"acme", "leaf", "sub"}, "sub": {"leaf", "sub"}, "leaf": {"leaf"}, "globex": {"globex"}}
}

// proofRelation is the to-one relation of an entity, by a column NAME_id; empty for none.
func proofRelation(entity string) string {
	return map[string]string{"task": "project", "note": "task", "asset": "project"}[entity]
}

func proofEntities() []string { return []string{"project", "task", "note", "asset", "region"} }

func proofColumns(entity string) []string {
	columns := []string{"id", "org", "who", "boss", "size", "word", "gone"}
	if relation := proofRelation(entity); relation != "" {
		columns = append(columns, relation+"_id")
	}
	return columns
}

// unbraced is a condition as the policy says it.
func unbraced(condition string) string {
	return strings.NewReplacer("{", "", "}", "", "~", "").Replace(condition)
}

func proofSorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// yaml is the policy as Wherewall reads it.
func (m *proofModel) yaml() string {
	var b strings.Builder
	fmt.Fprint(&b, "wherewall: 1\nbase_role: everyone\nattributes: {level: int, names: \"text[]\", flag: bool}\nentities:\n")
	for _, name := range proofEntities() {
		m.entities[name].yaml(&b, name)
	}
	fmt.Fprint(&b, "permissions:\n")
	for _, entity := range proofEntities() {
		for _, permission := range proofSorted(proofPermissions()) {
			var list []string
			for _, o := range proofPermissions()[permission] {
				columns := ""
				if o.columns != nil {
					columns = "(" + strings.Join(o.columns, ", ") + ")"
				}
				list = append(list, fmt.Sprintf("%q", entity+"."+o.action+columns))
			}
			fmt.Fprintf(&b, "  %s_%s: {tenant_assignable: true, ops: [%s]}\n", permission, entity, strings.Join(list, ", "))
		}
	}
	fmt.Fprint(&b, "roles:\n")
	for _, name := range proofSorted(m.roles) {
		fmt.Fprintf(&b, "  %s: %s\n", name, m.roles[name].yaml())
	}
	m.people(&b)
	return b.String()
}

func (e *proofEntity) yaml(b *strings.Builder, name string) {
	tenant := e.tenant
	if e.shared {
		tenant = "{column: " + e.tenant + ", null_is: shared}"
	}
	fmt.Fprintf(b, "  %s:\n    table: x.%s\n    key: id\n    tenant: %s\n", name, name, tenant)
	relation := proofRelation(name)
	switch {
	case name == "project":
		fmt.Fprint(b, "    relations: {tasks: {to: task, join: {id: project_id}, many: true}}\n")
	case e.keys:
		fmt.Fprint(b, "    relations: fk\n")
	case relation != "":
		fmt.Fprintf(b, "    relations: {%[1]s: {to: %[1]s, join: {%[1]s_id: id}}}\n", relation)
	}
	if e.always != "" {
		fmt.Fprintf(b, "    always: %q\n", unbraced(e.always))
	}
	if owner := e.owners[""]; owner != "" {
		fmt.Fprintf(b, "    owner: %s\n", owner)
		return
	}
	fmt.Fprintf(b, "    owners: {first: %s, second: %s}\n", e.owners["first"], e.owners["second"])
}

func (r *proofRole) yaml() string {
	var grants []string
	for _, g := range r.grants {
		parts := []string{"scope: " + g.scope}
		if g.anyTenant {
			parts = append(parts, "tenants: any")
		}
		if g.where != "" {
			parts = append(parts, fmt.Sprintf("where: %q", unbraced(g.where)))
		}
		if g.check != "" {
			parts = append(parts, fmt.Sprintf("check: %q", unbraced(g.check)))
		}
		grants = append(grants, fmt.Sprintf("{%s_%s: {%s}}", g.permission, g.entity, strings.Join(parts, ", ")))
	}
	head := ""
	if r.platform {
		head = "platform: true, "
	}
	if r.replaces != "" {
		head = "replaces: " + r.replaces + ", "
	}
	return "{" + head + "can: [" + strings.Join(grants, ", ") + "]}"
}

func (m *proofModel) people(b *strings.Builder) {
	fmt.Fprint(b, "tenants:\n")
	parents := map[string]string{"sub": "acme", "leaf": "sub"}
	for _, tenant := range proofSorted(proofTenants()) {
		var parts, roles []string
		if parents[tenant] != "" {
			parts = append(parts, "parent: "+parents[tenant])
		}
		for _, name := range proofSorted(m.custom[tenant]) {
			roles = append(roles, name+": "+m.custom[tenant][name].yaml())
		}
		if len(roles) > 0 {
			parts = append(parts, "roles: {"+strings.Join(roles, ", ")+"}")
		}
		fmt.Fprintf(b, "  %s: {%s}\n", tenant, strings.Join(parts, ", "))
	}
	var single []string
	fmt.Fprint(b, "groups:\n")
	for _, name := range proofSorted(m.groups) {
		g := m.groups[name]
		resources := ""
		if g.resources != nil {
			var sets []string
			for _, entity := range proofSorted(g.resources) {
				sets = append(sets, entity+": ["+strings.Join(g.resources[entity], ", ")+"]")
			}
			resources = ", resources: {" + strings.Join(sets, ", ") + "}"
		}
		if g.single {
			single = append(single, fmt.Sprintf("  - {tenant: %s, user: %s, role: %s%s}\n", g.tenant, g.members[0], g.roles[0], resources))
			continue
		}
		fmt.Fprintf(b, "  %s: {tenant: %s, members: [%s], roles: [%s]%s}\n", name, g.tenant, strings.Join(g.members, ", "), strings.Join(g.roles, ", "), resources)
	}
	if len(single) > 0 {
		fmt.Fprint(b, "resource_grants:\n", strings.Join(single, ""))
	}
	fmt.Fprint(b, "users:\n")
	for _, name := range proofSorted(m.users) {
		u := m.users[name]
		var tenants, attrs []string
		for _, tenant := range proofSorted(u.tenants) {
			tenants = append(tenants, tenant+": ["+strings.Join(u.tenants[tenant], ", ")+"]")
		}
		for _, attr := range proofSorted(u.attrs) {
			attrs = append(attrs, attr+": "+u.attrs[attr])
		}
		fmt.Fprintf(b, "  %s: {tenants: {%s}, platform: [%s], attrs: {%s}}\n", name, strings.Join(tenants, ", "), strings.Join(u.platform, ", "), strings.Join(attrs, ", "))
	}
}

// proofWords are the user's values that a condition asks for.
var proofWords = regexp.MustCompile(`\bme\.([a-z]+)`)

// proofBraces are the columns of a condition.
var proofBraces = regexp.MustCompile(`\{([a-z_.]+)\}`)
