package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The declarations' JSON.

type tenantJSON struct {
	Name, Parent string
	Active       *bool
	Roles        map[string]roleJSON
}

type roleJSON struct {
	Platform                        bool
	Description, Replaces, Reviewed string
	Allow                           []string
	Can                             []map[string]grantJSON
}

type grantJSON struct {
	Scope, Tenants string
	Where, Check   *conditionJSON
}

// conditionJSON is text, or {sql: text}.
type conditionJSON struct {
	text   string
	opaque bool
}

func (c *conditionJSON) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &c.text) == nil {
		return nil
	}
	var sql struct{ SQL string }
	if err := json.Unmarshal(text, &sql); err != nil {
		return fmt.Errorf("reading a condition: %w", err)
	}
	c.text, c.opaque = sql.SQL, true
	return nil
}

type userJSON struct {
	Active          *bool
	Unfiltered      bool
	Allow           []string
	Password        string
	Roles, Platform []string
	Attrs           map[string]json.RawMessage
	MayImpersonate  string `json:"may_impersonate"`
	Tenants         map[string]membershipJSON
}

type membershipJSON struct {
	Roles       []string
	From, Until string
	Active      *bool
}

func (m *membershipJSON) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &m.Roles) == nil {
		return nil
	}
	type long membershipJSON
	if err := json.Unmarshal(text, (*long)(m)); err != nil {
		return fmt.Errorf("reading a membership: %w", err)
	}
	return nil
}

type groupJSON struct {
	Tenant         string
	Members, Roles []string
	Resources      map[string]json.RawMessage
}

type resourceGrantJSON struct {
	User, Tenant, Role string
	Resources          map[string]json.RawMessage
}

// put makes one declaration be so.
func (w *writing) put(d Difference, tenants map[string]tenantJSON) error {
	switch d.Section {
	case "tenants":
		return w.putTenant(d.Name, tenants[d.Name], d.Before)
	case "users":
		return w.putUser(d.Name, d.After)
	case "groups":
		var g groupJSON
		if err := json.Unmarshal([]byte(d.After), &g); err != nil {
			return fmt.Errorf("reading it: %w", err)
		}
		var was groupJSON
		if d.Before != "" && json.Unmarshal([]byte(d.Before), &was) == nil && was.Tenant != g.Tenant {
			w.run("DELETE FROM wherewall.grp WHERE name = $1", d.Name)
		}
		return PutGroup{Name: d.Name, Tenant: g.Tenant, Members: g.Members, Roles: g.Roles, Resources: g.Resources}.do(w)
	case "resource_grants":
		var g resourceGrantJSON
		if err := json.Unmarshal([]byte(d.After), &g); err != nil {
			return fmt.Errorf("reading it: %w", err)
		}
		return PutGrant(g).do(w)
	case "roles":
		var r roleJSON
		if err := json.Unmarshal([]byte(d.After), &r); err != nil {
			return fmt.Errorf("reading it: %w", err)
		}
		return r.op("", d.Name).do(w)
	default:
		return w.putModel(d)
	}
}

func (r roleJSON) op(tenant, name string) PutRole {
	o := PutRole{
		Tenant: tenant, Name: name, Replaces: r.Replaces, Reviewed: r.Reviewed, Description: r.Description, Platform: r.Platform, Allow: r.Allow,
	}
	for _, item := range r.Can {
		for permission, g := range item {
			made := Grant{Permission: permission, Scope: g.Scope, AnyTenant: g.Tenants == "any"}
			if g.Where != nil {
				made.Where, made.WhereOpaque = g.Where.text, g.Where.opaque
			}
			if g.Check != nil {
				made.Check, made.CheckOpaque = g.Check.text, g.Check.opaque
			}
			o.Can = append(o.Can, made)
		}
	}
	return o
}

func yes(b *bool) bool { return b == nil || *b }

func (w *writing) putTenant(id string, t tenantJSON, before string) error {
	if err := (PutTenant{ID: id, Parent: t.Parent, Name: t.Name, Active: yes(t.Active)}).do(w); err != nil {
		return err
	}
	var was tenantJSON
	if before != "" {
		if err := json.Unmarshal([]byte(before), &was); err != nil {
			return fmt.Errorf("reading what it was: %w", err)
		}
	}
	for name := range was.Roles {
		if _, stays := t.Roles[name]; !stays {
			if err := (DeleteRole{Tenant: id, Name: name}).do(w); err != nil {
				return err
			}
		}
	}
	for name, r := range t.Roles {
		if err := r.op(id, name).do(w); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) putUser(name, text string) error {
	var u userJSON
	if err := json.Unmarshal([]byte(text), &u); err != nil {
		return errors.New("reading it: the user is not as it should be") // the error could show a verifier
	}
	put := PutUser{Name: name, User: User{
		Active: yes(u.Active), Unfiltered: u.Unfiltered, Impersonate: u.MayImpersonate, Allow: u.Allow, Roles: u.Roles, Platform: u.Platform, Attributes: u.Attrs,
	}}
	ops := []Op{put, SetPassword{User: name, Verifier: u.Password}}
	kept := []string{}
	for tenant, m := range u.Tenants {
		kept = append(kept, tenant)
		ops = append(ops, SetMembership{User: name, Tenant: tenant, Membership: Membership{Roles: m.Roles, From: m.From, Until: m.Until, Active: yes(m.Active)}})
	}
	for _, op := range ops {
		if err := op.do(w); err != nil {
			return err
		}
	}
	w.run("DELETE FROM wherewall.membership m USING wherewall.app_user u WHERE u.id = m.user_id AND u.name = $1 AND m.tenant_id <> ALL ($2)", name, kept)
	return nil
}

// remove deletes what is declared no more. What went with something else is gone already.
func (w *writing) remove(d Difference) error {
	gone := func(err error) error {
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	switch d.Section {
	case "tenants":
		w.run("DELETE FROM wherewall.tenant WHERE id = $1", d.Name)
	case "users":
		return gone(DeleteUser{Name: d.Name}.do(w))
	case "groups":
		w.run("DELETE FROM wherewall.grp WHERE name = $1", d.Name)
	case "resource_grants":
		var g resourceGrantJSON
		if err := json.Unmarshal([]byte(d.Before), &g); err != nil {
			return fmt.Errorf("reading what it was: %w", err)
		}
		return gone(DeleteGrant(g).do(w))
	case "roles":
		return gone(DeleteRole{Name: d.Name}.do(w))
	default:
		return w.removeModel(d)
	}
	return nil
}

type entityJSON struct {
	Table, Owner, View string
	Key                []string
	Tenant, Owners     json.RawMessage
	Always             *conditionJSON
	Relations          json.RawMessage
}

type permissionJSON struct {
	Description      string
	TenantAssignable bool                       `json:"tenant_assignable"`
	Ops              []map[string]operationJSON `json:"ops"`
}

type operationJSON struct {
	Columns   []string
	Mask, Set json.RawMessage
}

// nullable is JSON for a column that may be NULL.
func nullable(text json.RawMessage) *string {
	if text == nil {
		return nil
	}
	s := string(text)
	return &s
}

// putModel makes a declaration of the model be so.
func (w *writing) putModel(d Difference) error {
	switch d.Section {
	case "base_role", "star", "trust", "defaults", "audit":
		w.run("INSERT INTO wherewall.setting (name, value) VALUES ($1, $2::jsonb) ON CONFLICT (name) DO UPDATE SET value = excluded.value", d.Section, d.After)
	case "attributes":
		w.run("INSERT INTO wherewall.attribute (name, type) VALUES ($1, $2::jsonb #>> '{}') ON CONFLICT (name) DO UPDATE SET type = excluded.type", d.Name, d.After)
	case "functions":
		w.run(`INSERT INTO wherewall.function (name, reads) SELECT $1, ARRAY(SELECT jsonb_array_elements_text(coalesce($2::jsonb -> 'reads', '[]')))
			ON CONFLICT (name) DO UPDATE SET reads = excluded.reads`, d.Name, d.After)
	case "entities":
		return w.putEntity(d.Name, d.After)
	case "permissions":
		return w.putPermission(d.Name, d.After)
	default:
		return errUnknownSection
	}
	return nil
}

func (w *writing) removeModel(d Difference) error {
	table := map[string]string{"attributes": "attribute", "functions": "function", "entities": "entity", "permissions": "permission"}[d.Section]
	if table != "" {
		w.run("DELETE FROM wherewall."+table+" WHERE name = $1", d.Name)
		return nil
	}
	w.run("DELETE FROM wherewall.setting WHERE name = $1", d.Section)
	return nil
}

func (w *writing) putEntity(name, text string) error {
	var e entityJSON
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	if e.Always == nil {
		e.Always = &conditionJSON{}
	}
	fk := string(e.Relations) == `"fk"`
	w.run("DELETE FROM wherewall.entity WHERE name = $1", name)
	w.run(`INSERT INTO wherewall.entity (name, relation, key, tenant, owner, owners, always, always_opaque, view, foreign_keys)
		VALUES ($1, $2, coalesce($3::text[], '{}'), $4::jsonb, nullif($5, ''), $6::jsonb, nullif($7, ''), $8, nullif($9, ''), $10)`,
		name, e.Table, e.Key, string(e.Tenant), e.Owner, nullable(e.Owners), e.Always.text, e.Always.opaque, e.View, fk)
	if e.Relations == nil || fk {
		return nil
	}
	var relations map[string]struct {
		To   string
		Join json.RawMessage
		Many bool
	}
	if err := json.Unmarshal(e.Relations, &relations); err != nil {
		return fmt.Errorf("reading relations: %w", err)
	}
	for relation, r := range relations {
		w.run("INSERT INTO wherewall.entity_relation (entity, name, to_relation, columns, many) VALUES ($1, $2, $3, $4::jsonb, $5)", name, relation, r.To, string(r.Join), r.Many)
	}
	return nil
}

func (w *writing) putPermission(name, text string) error {
	var p permissionJSON
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	w.run("DELETE FROM wherewall.permission WHERE name = $1", name)
	w.run("INSERT INTO wherewall.permission (name, description, tenant_assignable) VALUES ($1, nullif($2, ''), $3)", name, p.Description, p.TenantAssignable)
	for _, item := range p.Ops {
		for operation, o := range item {
			entity, action, _ := strings.Cut(operation, ".")
			w.run(`INSERT INTO wherewall.permission_op (permission, entity, action, columns, mask, preset) VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb)`,
				name, entity, action, o.Columns, nullable(o.Mask), nullable(o.Set))
		}
	}
	return nil
}
