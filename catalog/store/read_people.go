package store

import (
	"strconv"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/document"
)

// entries collects members by identity in the order in which they are read.
type entries struct {
	list []catalog.Member
	at   map[string]int
}

func newEntries() *entries { return &entries{at: map[string]int{}} }

func (e *entries) add(identity, table, name string) *document.Node {
	place := document.Row(table, name)
	m := catalog.Member{Identity: identity, Name: document.NewText(place, name), Value: document.NewMap(place)}
	e.at[identity] = len(e.list)
	e.list = append(e.list, m)
	return m.Value
}

// of is the value of a member; nil for one that is not there, which the snapshot rules out.
func (e *entries) of(identity string) *document.Node {
	i, found := e.at[identity]
	if !found {
		return nil
	}
	return e.list[i].Value
}

// under returns the collection under a key of a map, and makes it where there is none.
func under(n *document.Node, key string, kind document.Kind) *document.Node {
	if found := n.Get(key); found != nil {
		return found
	}
	made := &document.Node{Kind: kind, Place: n.Place}
	n.With(key, made)
	return made
}

func (r *reader) tenants(only []string) []catalog.Member {
	all := newEntries()
	var id string
	var parent, name *string
	var active bool
	r.each("tenants", "SELECT id, parent_id, name, active FROM wherewall.tenant", "id", only, []any{&id, &parent, &name, &active}, func() error {
		t := all.add(id, "tenant", id)
		optional(t, "name", name)
		optional(t, "parent", parent)
		if !active {
			t.With("active", document.NewBool(t.Place, false))
		}
		return nil
	})
	r.customRoles(all, only)
	return all.list
}

func optional(n *document.Node, key string, value *string) {
	if value != nil {
		n.With(key, document.NewText(n.Place, *value))
	}
}

// customRoles reads the roles of tenants.
func (r *reader) customRoles(tenants *entries, only []string) {
	roles := map[int64]*document.Node{}
	var id int64
	var tenant, name string
	var replaces, reviewed, description *string
	const sql = `SELECT id, tenant_id, name, replaces, reviewed, description FROM (SELECT * FROM wherewall.role WHERE tenant_id IS NOT NULL) AS role`
	r.each("roles", sql, "tenant_id", only, []any{&id, &tenant, &name, &replaces, &reviewed, &description}, func() error {
		role := document.NewMap(document.Row("role", tenant+"/"+name))
		optional(role, "replaces", replaces)
		optional(role, "reviewed", reviewed)
		optional(role, "description", description)
		under(role, "can", document.List)
		under(tenants.of(tenant), "roles", document.Map).With(name, role)
		roles[id] = role
		return nil
	})
	r.roleGrants(roles, `SELECT g.*, r.tenant_id FROM wherewall.role_grant g JOIN wherewall.role r ON r.id = g.role_id WHERE r.tenant_id IS NOT NULL`, only)
}

// roleGrants reads what roles can.
func (r *reader) roleGrants(roles map[int64]*document.Node, from string, only []string) {
	var id, role int64
	var permission, scope string
	var where, check *string
	var whereOpaque, checkOpaque, anyTenant bool
	sql := `SELECT id, role_id, permission, scope, where_sql, where_opaque, check_sql, check_opaque, any_tenant FROM (` + from + ` ORDER BY g.id) AS g`
	r.each("grants", sql, "tenant_id", only, []any{&id, &role, &permission, &scope, &where, &whereOpaque, &check, &checkOpaque, &anyTenant}, func() error {
		place := document.Row("role_grant", strconv.FormatInt(id, 10))
		g := document.NewMap(place).With("scope", document.NewText(place, scope))
		condition(g, "where", where, whereOpaque)
		condition(g, "check", check, checkOpaque)
		if anyTenant {
			g.With("tenants", document.NewText(place, "any"))
		}
		can := roles[role].Get("can")
		can.Items = append(can.Items, document.NewMap(place).With(permission, g))
		return nil
	})
}

func condition(n *document.Node, key string, sql *string, opaque bool) {
	switch {
	case sql == nil:
	case opaque:
		n.With(key, document.NewMap(n.Place).With("sql", document.NewText(n.Place, *sql)))
	default:
		n.With(key, document.NewText(n.Place, *sql))
	}
}

func (r *reader) users(only []string) []catalog.Member {
	all := newEntries()
	var id, name, impersonate string
	var active, unfiltered bool
	var allow []string
	var verifier *string
	const sql = `SELECT u.id::text, u.name, u.active, u.unfiltered, u.impersonate, u.allow, c.verifier
		FROM wherewall.app_user u LEFT JOIN wherewall.credential c ON c.user_id = u.id`
	r.each("users", sql, "u.id", only, []any{&id, &name, &active, &unfiltered, &impersonate, &allow, &verifier}, func() error {
		u := all.add(id, "app_user", name)
		if !active {
			u.With("active", document.NewBool(u.Place, false))
		}
		if unfiltered {
			u.With("unfiltered", document.NewBool(u.Place, true))
		}
		if impersonate != "no" {
			u.With("may_impersonate", document.NewText(u.Place, impersonate))
		}
		if len(allow) > 0 {
			u.With("allow", document.NewTexts(u.Place, allow))
		}
		optional(u, "password", verifier)
		return nil
	})
	r.memberships(all, only)
	r.heldRoles(all, "user_role", "roles", only)
	r.heldRoles(all, "platform_role", "platform", only)
	r.attributes(all, only)
	return all.list
}

func (r *reader) memberships(users *entries, only []string) {
	var id, tenant string
	var from, until *time.Time
	var active bool
	var roles []string
	const sql = `SELECT m.user_id::text, m.tenant_id, m.valid_from, m.valid_until, m.active, coalesce(r.roles, '{}')
		FROM wherewall.membership m LEFT JOIN LATERAL
		(SELECT array_agg(role ORDER BY role) AS roles FROM wherewall.member_role r WHERE r.user_id = m.user_id AND r.tenant_id = m.tenant_id) AS r ON true`
	r.each("memberships", sql, "m.user_id", only, []any{&id, &tenant, &from, &until, &active, &roles}, func() error {
		u := users.of(id)
		list := document.NewTexts(u.Place, roles)
		tenants := under(u, "tenants", document.Map)
		if from == nil && until == nil && active {
			tenants.With(tenant, list)
			return nil
		}
		m := document.NewMap(u.Place).With("roles", list)
		day(m, "from", from)
		day(m, "until", until)
		if !active {
			m.With("active", document.NewBool(u.Place, false))
		}
		tenants.With(tenant, m)
		return nil
	})
}

func day(n *document.Node, key string, at *time.Time) {
	if at != nil {
		n.With(key, document.NewText(n.Place, at.Format(time.DateOnly)))
	}
}

func (r *reader) heldRoles(users *entries, table, key string, only []string) {
	var id, role string
	r.each("roles of users", "SELECT user_id::text, role FROM wherewall."+table, "user_id", only, []any{&id, &role}, func() error {
		list := under(users.of(id), key, document.List)
		list.Items = append(list.Items, document.NewText(list.Place, role))
		return nil
	})
}

func (r *reader) attributes(users *entries, only []string) {
	var id, name string
	var value []byte
	r.each("attributes of users", "SELECT user_id::text, name, value::text FROM wherewall.user_attr", "user_id", only, []any{&id, &name, &value}, func() error {
		u := users.of(id)
		n, err := document.FromJSON(u.Place, value)
		if err != nil {
			return err //nolint:wrapcheck // each says what was being read
		}
		under(u, "attrs", document.Map).With(name, n)
		return nil
	})
}
