package tests

import (
	"fmt"
	"slices"
	"strings"
)

// proofSubject asks what a user may do in a tenant; an empty one is none.
type proofSubject struct {
	model        *proofModel
	user, tenant string
}

// proofHeld is a role that a subject holds, and the group that it is held through.
type proofHeld struct {
	role  *proofRole
	group *proofGroup
}

// held lists the roles of a subject. A tenant's own role stands for the system's of its name and for the one that it replaces.
func (s proofSubject) held() []proofHeld {
	u := s.model.users[s.user]
	all := []proofHeld{{role: s.model.roles["everyone"]}}
	for _, name := range u.platform {
		all = append(all, proofHeld{role: s.model.roles[name]})
	}
	if s.tenant == "" {
		return all
	}
	hold := func(names []string, g *proofGroup) {
		for _, name := range names {
			role := s.model.roles[name]
			for own, r := range s.model.custom[s.tenant] {
				if own == name || r.replaces == name {
					role = r
				}
			}
			all = append(all, proofHeld{role, g})
		}
	}
	hold(u.tenants[s.tenant], nil)
	for _, name := range proofSorted(s.model.groups) {
		if g := s.model.groups[name]; g.tenant == s.tenant && slices.Contains(g.members, s.user) {
			hold(g.roles, g)
		}
	}
	return all
}

// proofTerm is what one grant allows of the row of an alias.
type proofTerm struct {
	sql     string
	columns []string
}

// terms are the disjuncts of Allowed. fresh says that the rows are new ones.
func (s proofSubject) terms(entity, action, alias string, fresh bool) []proofTerm {
	var terms []proofTerm
	for _, h := range s.held() {
		for _, g := range h.role.grants {
			if g.entity != entity {
				continue
			}
			for _, o := range proofPermissions()[g.permission] {
				if o.action != action {
					continue
				}
				w := &proofWriter{proofSubject: s, reach: g.scope}
				if g.scope == "all" || g.anyTenant {
					w.reach = "all"
				}
				if sql, ok := w.term(h, g, action, alias, fresh); ok {
					terms = append(terms, proofTerm{sql, o.columns})
				}
			}
		}
	}
	return terms
}

// allowed is the formula of Allowed.
func (s proofSubject) allowed(entity, action, alias string, fresh bool) string {
	return proofAny(s.terms(entity, action, alias, fresh))
}

func proofAny(terms []proofTerm) string {
	all := []string{"false"}
	for _, t := range terms {
		all = append(all, t.sql)
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

// giving is the formula for the grants that let a column be written.
func (s proofSubject) giving(entity, action, column, alias string, fresh bool) string {
	return proofAny(slices.DeleteFunc(s.terms(entity, action, alias, fresh), func(t proofTerm) bool {
		return t.columns != nil && !slices.Contains(t.columns, column)
	}))
}

// proofWriter writes what a grant of some reach says: tenant (and whatever else stays in the tenant), tree or all.
type proofWriter struct {
	proofSubject
	reach   string
	aliases int
}

// term is one disjunct; ok is false where the grant vanishes.
func (w *proofWriter) term(h proofHeld, g proofGrant, action, alias string, fresh bool) (sql string, ok bool) {
	where := g.where
	if fresh && g.check != "" {
		where = g.check
	}
	asked := where
	if action == "update" {
		asked = g.where + " " + g.check
	}
	for _, need := range proofWords.FindAllStringSubmatch(asked, -1) {
		if _, has := w.me(need[1]); !has {
			return "", false
		}
	}
	parts := []string{w.always(g.entity, alias)}
	if w.reach != "all" && w.model.entities[g.entity].tenant != "global" {
		if w.tenant == "" {
			return "", false
		}
		parts = append(parts, w.boundary(g.entity, alias, action == "read" || h.role.platform))
	}
	if owner, own := strings.CutPrefix(g.scope, "own"); own {
		path := w.model.entities[g.entity].owners[strings.TrimPrefix(owner, ":")]
		parts = append(parts, w.column(g.entity, alias, path)+" = "+quoteValue(w.user))
	}
	if h.group != nil && h.group.resources != nil {
		parts = append(parts, w.resources(h.group, g.entity, alias))
	}
	if where != "" {
		parts = append(parts, w.condition(where, g.entity, alias))
	}
	return "(" + strings.Join(parts, " AND ") + ")", true
}

// me is one of the user's values in SQL.
func (w *proofWriter) me(name string) (string, bool) {
	switch name {
	case "id":
		return quoteValue(w.user), true
	case "tenant":
		return quoteValue(w.tenant), w.tenant != ""
	}
	value, has := w.model.users[w.user].attrs[name]
	if name == "names" {
		return "'{" + strings.Trim(value, "[]") + "}'::text[]", has
	}
	return value, has
}

// condition is a condition with its columns and the user's values filled in.
func (w *proofWriter) condition(c, entity, alias string) string {
	if many, rest, ok := strings.Cut(c, "~"); ok {
		// Everything behind the tilde is about one task of the project.
		w.aliases++
		task := fmt.Sprintf("m%d", w.aliases)
		return fmt.Sprintf("(%s EXISTS (SELECT FROM x.task %s WHERE %s.project_id = %s.id AND %s AND %s AND %s))", many, task, task, alias,
			w.always("task", task), w.beyond("task", task), w.condition(strings.ReplaceAll(rest, "tasks.", ""), "task", task))
	}
	sql := proofBraces.ReplaceAllStringFunc(c, func(name string) string { return w.column(entity, alias, unbraced(name)) })
	return "(" + proofWords.ReplaceAllStringFunc(sql, func(name string) string {
		value, _ := w.me(strings.TrimPrefix(name, "me."))
		return value
	}) + ")"
}

// column is a column, or NULL where the path to it ends at a row that does not count.
func (w *proofWriter) column(entity, alias, path string) string {
	return w.follow(alias, path, func(entity, alias string) string {
		return w.always(entity, alias) + " AND " + w.beyond(entity, alias)
	})
}

func (w *proofWriter) follow(alias, path string, counts func(entity, alias string) string) string {
	next, rest, far := strings.Cut(path, ".")
	if !far {
		return alias + "." + path
	}
	w.aliases++
	hop := fmt.Sprintf("h%d", w.aliases)
	return fmt.Sprintf("(SELECT %s FROM x.%s %s WHERE %s.id = %s.%s_id AND %s)", w.follow(hop, rest, counts), next, hop, hop, alias, next, counts(next, hop))
}

func (w *proofWriter) always(entity, alias string) string {
	if c := w.model.entities[entity].always; c != "" {
		return w.condition(c, entity, alias)
	}
	return "true"
}

// within says whether a tenant is in reach.
func (w *proofWriter) within(tenant string) string {
	list := []string{w.tenant}
	if w.reach == "tree" {
		list = proofTenants()[w.tenant]
	}
	for i := range list {
		list[i] = quoteValue(list[i])
	}
	return tenant + " IN (" + strings.Join(list, ", ") + ")"
}

// boundary says whose a row is. Shared rows are everybody's to read and the platform's to write.
func (w *proofWriter) boundary(entity, alias string, shared bool) string {
	e := w.model.entities[entity]
	sql := w.within(w.column(entity, alias, e.tenant))
	if shared && e.shared {
		sql += " OR " + w.follow(alias, e.tenant, func(string, string) string { return "true" }) + " IS NULL"
	}
	return "(" + sql + ")"
}

// beyond is the boundary of a row that a condition looks at.
func (w *proofWriter) beyond(entity, alias string) string {
	e := w.model.entities[entity]
	if w.reach == "all" || e.tenant == "global" || strings.Contains(e.tenant, ".") {
		return "true"
	}
	return w.boundary(entity, alias, true)
}

// resources says that a row is one of a group's, or belongs to one.
func (w *proofWriter) resources(g *proofGroup, entity, alias string) string {
	ways := []string{"false"}
	for _, target := range proofSorted(g.resources) {
		path, at := "id", entity
		for at != target && at != "" {
			at = proofRelation(at)
			path = strings.TrimSuffix(path, "id") + at + ".id"
		}
		if at == "" {
			continue
		}
		list := append([]string{"NULL"}, g.resources[target]...)
		ways = append(ways, w.column(entity, alias, path)+" IN ("+strings.Join(list, ", ")+")")
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}
