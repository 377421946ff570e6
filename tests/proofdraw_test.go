package tests

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

func proofPick(t *rapid.T, name string, options ...string) string {
	return rapid.SampledFrom(options).Draw(t, name)
}

// drawModel draws a policy: how tables are mapped, what roles give, and who has them.
func drawModel(t *rapid.T) *proofModel {
	m := &proofModel{
		entities: map[string]*proofEntity{}, roles: map[string]*proofRole{}, custom: map[string]map[string]*proofRole{},
		groups: map[string]*proofGroup{}, users: map[string]*proofUser{},
	}
	for _, name := range proofEntities() {
		m.entities[name] = drawEntity(t, name)
	}
	for _, name := range []string{"one", "two", "crew"} {
		m.roles[name] = m.drawRole(t, "system")
	}
	m.roles["global"] = m.drawRole(t, "platform")
	m.roles["everyone"] = &proofRole{}
	if rapid.IntRange(0, 3).Draw(t, "everyone") == 0 {
		m.roles["everyone"].grants = []proofGrant{m.drawGrant(t, "system")}
	}
	switch rapid.IntRange(0, 3).Draw(t, "custom") {
	case 0:
		m.custom["sub"] = map[string]*proofRole{"one": m.drawRole(t, "custom")}
		m.custom["sub"]["one"].replaces = "one"
	case 1:
		m.custom["globex"] = map[string]*proofRole{"their": m.drawRole(t, "custom")}
		m.custom["globex"]["their"].replaces = "two"
	}
	m.drawGroups(t)
	m.drawUsers(t)
	return m
}

func drawEntity(t *rapid.T, name string) *proofEntity {
	e := &proofEntity{owners: map[string]string{}, tenant: "org", keys: rapid.Bool().Draw(t, "keys")}
	owners := []string{"who", "boss"}
	always := []string{"", "", "coalesce({gone}, false) = false", "{gone} IS NULL OR NOT {gone}"}
	switch name {
	case "project":
		e.shared = rapid.IntRange(0, 3).Draw(t, "shared") == 0
	case "task":
		e.tenant = proofPick(t, "tenant", "org", "project.org", "project.org")
		owners = append(owners, "project.who")
		always = append(always, "{project.size} IS NULL OR {project.size} < 4")
	case "note":
		e.tenant = proofPick(t, "tenant", "org", "task.org", "task.project.org")
		owners = append(owners, "task.who", "task.project.boss")
	case "asset":
		e.tenant = proofPick(t, "tenant", "org", "org", "project.org")
		e.shared = e.tenant == "org" && rapid.IntRange(0, 2).Draw(t, "shared") > 0
	case "region":
		e.tenant = "global"
	}
	e.always = proofPick(t, "always", always...)
	if rapid.Bool().Draw(t, "named") {
		e.owners["first"], e.owners["second"] = proofPick(t, "owner", owners...), proofPick(t, "owner", owners...)
	} else {
		e.owners[""] = proofPick(t, "owner", owners...)
	}
	return e
}

// proofConditions are terms over an entity's rows. What looks at the user alone is apart: it makes a grant vanish as a whole.
func proofConditions(entity string) []string {
	terms := []string{
		"{size} > 2", "{size} = me.level", "{who} = me.id", "{who} IS DISTINCT FROM me.id", "{word} = 'a'", "{word} LIKE 'a%'", "{word} IS NOT NULL",
		"{size} + 1 <= me.level", "{who} <> {boss}", "{size} IN (1, 3)", "{org} = me.tenant", "{size} BETWEEN 2 AND 3", "coalesce({word}, 'a') = 'a'", "{gone} OR {size} < 3",
	}
	switch entity {
	case "project":
		terms = append(terms, "~{tasks.who} = me.id", "~{tasks.who} = me.id AND {tasks.size} > 1", "NOT ~{tasks.size} = 2")
	case "task", "asset":
		terms = append(terms, "{project.size} > 2", "NOT ({project.who} = me.id)", "{project.word} IS NULL", "{project.size} < me.level OR {size} > 3", "{project.boss} = {who}")
	case "note":
		terms = append(terms, "{task.size} > 2", "{task.project.who} = me.id", "NOT ({task.project.size} > 2)", "{task.project.word} IS NULL AND {task.size} IS NOT NULL")
	}
	return terms
}

func proofSubjectConditions() []string {
	return []string{"me.level >= 3", "me.flag", "NOT me.flag", "{word} = ANY(me.names)", "me.flag OR {size} = 2", "me.flag AND {size} < 4"}
}

// drawCondition draws a condition; rows says that it must look at rows in all of its parts.
func drawCondition(t *rapid.T, entity string, depth int, rows bool) string {
	terms := proofConditions(entity)
	if !rows {
		terms = append(terms, proofSubjectConditions()...)
	}
	if depth == 0 || rapid.IntRange(0, 1).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom(terms).Draw(t, "term")
	}
	left, right := drawCondition(t, entity, depth-1, rows), drawCondition(t, entity, depth-1, rows)
	if strings.Contains(left+right, "~") {
		return left
	}
	switch rapid.IntRange(0, 3).Draw(t, "logic") {
	case 0:
		return "(" + left + ") AND (" + right + ")"
	case 1:
		return "NOT (" + left + ")"
	default:
		return "(" + left + ") OR (" + right + ")"
	}
}

func (m *proofModel) drawRole(t *rapid.T, kind string) *proofRole {
	r := &proofRole{platform: kind == "platform"}
	for range rapid.IntRange(3, 7).Draw(t, "grants") {
		r.grants = append(r.grants, m.drawGrant(t, kind))
	}
	return r
}

// drawGrant draws a grant of the system's role, of a platform role or of a tenant's own.
func (m *proofModel) drawGrant(t *rapid.T, kind string) proofGrant {
	g := proofGrant{
		entity:     proofPick(t, "entity", "project", "task", "task", "note", "note", "asset", "asset", "region"),
		permission: proofPick(t, "permission", "see", "see", "all", "all", "write", "size", "move", "drop"),
	}
	scopes := []string{"tenant", "tenant", "own"}
	if m.entities[g.entity].owners[""] == "" {
		scopes = []string{"tenant", "tenant", "own:first", "own:second"}
	}
	if kind != "custom" {
		scopes = append(scopes, "tree", "tree")
	}
	if kind == "platform" {
		scopes = append(scopes, "all", "all")
	}
	g.scope = proofPick(t, "scope", scopes...)
	g.anyTenant = kind == "platform" && g.scope != "all" && rapid.IntRange(0, 2).Draw(t, "any") == 0
	if rapid.IntRange(0, 2).Draw(t, "conditional") > 0 {
		differs := (g.permission == "all" || g.permission == "write" || g.permission == "move") && rapid.IntRange(0, 2).Draw(t, "differs") == 0
		g.where = drawCondition(t, g.entity, 2, differs)
		if differs {
			g.check = drawCondition(t, g.entity, 1, true)
		}
	}
	return g
}

func (m *proofModel) drawGroups(t *rapid.T) {
	resources := func() map[string][]string {
		return rapid.SampledFrom([]map[string][]string{
			nil, {"project": {"1", "3"}}, {"project": {"2"}, "task": {"1", "2"}}, {"asset": {"1", "4"}}, {"project": {}}, {"task": {"3"}, "region": {"1"}}, {"note": {"1", "2"}},
		}).Draw(t, "resources")
	}
	m.groups["band"] = &proofGroup{tenant: "acme", members: []string{"kim", "grp"}, roles: []string{"crew"}, resources: resources()}
	m.groups["team"] = &proofGroup{tenant: proofPick(t, "tenant", "acme", "sub"), members: []string{"kim", "more"}, roles: []string{proofPick(t, "role", "crew", "two")}, resources: resources()}
	if set := resources(); set != nil {
		m.groups["single"] = &proofGroup{tenant: "acme", members: []string{"grp"}, roles: []string{proofPick(t, "role", "one", "two")}, resources: set, single: true}
	}
}

func (m *proofModel) drawUsers(t *rapid.T) {
	attrs := map[string]string{}
	for name, value := range map[string]string{"level": "3", "names": "[a, ab]", "flag": "true"} {
		switch rapid.IntRange(0, 5).Draw(t, name) {
		case 0:
		case 1:
			attrs[name] = map[string]string{"level": "1", "names": "[]", "flag": "false"}[name]
		default:
			attrs[name] = value
		}
	}
	one, both, none := []string{"one"}, []string{"one", "two"}, []string{}
	m.users["kim"] = &proofUser{tenants: map[string][]string{"acme": one, "sub": one}, attrs: attrs}
	m.users["more"] = &proofUser{tenants: map[string][]string{"acme": both, "sub": both, "globex": both}, attrs: attrs}
	m.users["plat"] = &proofUser{tenants: map[string][]string{"acme": one}, platform: []string{"global"}, attrs: attrs}
	m.users["sue"] = &proofUser{platform: []string{"global"}, attrs: attrs}
	m.users["grp"] = &proofUser{tenants: map[string][]string{"acme": none}, attrs: attrs}
}

// proofSubjects are those whose rights are compared.
func (m *proofModel) subjects() []proofSubject {
	var all []proofSubject
	for _, s := range [][2]string{{"kim", "acme"}, {"kim", "sub"}, {"more", "acme"}, {"more", "sub"}, {"more", "globex"}, {"plat", "acme"}, {"sue", ""}, {"grp", "acme"}} {
		all = append(all, proofSubject{m, s[0], s[1]})
	}
	return all
}

// proofValue draws a value of a column.
func proofValue(t *rapid.T, column string) string {
	switch column {
	case "org":
		return proofPick(t, column, "NULL", "'acme'", "'acme'", "'acme'", "'sub'", "'leaf'", "'globex'")
	case "who", "boss":
		return proofPick(t, column, "NULL", "'kim'", "'more'", "'plat'")
	case "size":
		return proofPick(t, column, "NULL", "1", "2", "3", "4")
	case "word":
		return proofPick(t, column, "NULL", "''", "'a'", "'ab'", "'b'")
	case "gone":
		return proofPick(t, column, "NULL", "false", "false", "false", "false", "true")
	default: // the key of another row, which may not be there
		return proofPick(t, column, "NULL", "1", "2", "3", "4", "1", "2", "3", "4", "9")
	}
}

// proofRow draws a row with a key.
func proofRow(t *rapid.T, entity string, id int) []string {
	values := []string{fmt.Sprint(id)}
	for _, column := range proofColumns(entity)[1:] {
		values = append(values, proofValue(t, column))
	}
	return values
}
