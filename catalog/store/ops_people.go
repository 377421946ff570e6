package store

import (
	"encoding/json"
	"fmt"
)

// PutTenant makes a tenant, or changes it.
type PutTenant struct {
	ID     string
	Parent string // empty for none
	Name   string // for people; may be empty
	Active bool
}

// DeleteTenant deletes a tenant, and with it memberships, roles, groups and grants. One that has tenants below it cannot be deleted.
type DeleteTenant struct{ ID string }

// User is what a policy says of a user, but for memberships.
type User struct {
	Active, Unfiltered bool
	Impersonate        string // no, token or name; empty is no
	Allow              []string
	Roles, Platform    []string // outside of tenants
	Attributes         map[string]json.RawMessage
}

// PutUser makes a user, or changes everything that User says of one.
type PutUser struct {
	Name string
	User
}

// DeleteUser deletes a user, and with it memberships, credentials and grants. Whoever has the name later is somebody else.
type DeleteUser struct{ Name string }

// SetPassword sets the verifier that a user's password is proven by, as wherewall passwd prints it; an empty one takes it away.
type SetPassword struct{ User, Verifier string }

// Membership is what a user is in a tenant. From and Until are days (2006-01-02, UTC); empty is open.
type Membership struct {
	Roles       []string
	From, Until string
	Active      bool
}

// SetMembership makes a user a member of a tenant, or changes what the user is there.
type SetMembership struct {
	User, Tenant string
	Membership
}

// DeleteMembership ends a membership, and with it what the user has from groups and grants there.
type DeleteMembership struct{ User, Tenant string }

// AssignRoles gives roles to a member of a tenant; those that are held already stay.
type AssignRoles struct {
	User, Tenant string
	Roles        []string
}

// RevokeRoles takes roles from a member of a tenant.
type RevokeRoles struct {
	User, Tenant string
	Roles        []string
}

func (PutTenant) of() string          { return "" }
func (DeleteTenant) of() string       { return "" }
func (PutUser) of() string            { return "" }
func (DeleteUser) of() string         { return "" }
func (SetPassword) of() string        { return "" }
func (o SetMembership) of() string    { return o.Tenant }
func (o DeleteMembership) of() string { return o.Tenant }
func (o AssignRoles) of() string      { return o.Tenant }
func (o RevokeRoles) of() string      { return o.Tenant }

func (PutTenant) gives() []string        { return nil }
func (DeleteTenant) gives() []string     { return nil }
func (PutUser) gives() []string          { return nil }
func (DeleteUser) gives() []string       { return nil }
func (SetPassword) gives() []string      { return nil }
func (o SetMembership) gives() []string  { return o.Roles }
func (DeleteMembership) gives() []string { return nil }
func (o AssignRoles) gives() []string    { return o.Roles }
func (RevokeRoles) gives() []string      { return nil }

func (o PutTenant) do(w *writing) error {
	w.run(`INSERT INTO wherewall.tenant (id, parent_id, name, active) VALUES ($1, nullif($2, ''), nullif($3, ''), $4)
		ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name, active = excluded.active`, o.ID, o.Parent, o.Name, o.Active)
	return nil
}

func (o DeleteTenant) do(w *writing) error {
	return w.found(w.run("DELETE FROM wherewall.tenant WHERE id = $1", o.ID), o.ID)
}

func (o PutUser) do(w *writing) error {
	if o.Impersonate == "" {
		o.Impersonate = "no"
	}
	w.run(`INSERT INTO wherewall.app_user (name, active, unfiltered, impersonate, allow) VALUES ($1, $2, $3, $4, coalesce($5::text[], '{}'))
		ON CONFLICT (name) DO UPDATE SET active = excluded.active, unfiltered = excluded.unfiltered, impersonate = excluded.impersonate, allow = excluded.allow`,
		o.Name, o.Active, o.Unfiltered, o.Impersonate, o.Allow)
	id, err := w.user(o.Name)
	if err != nil {
		return err
	}
	w.roles("user_role", id, o.Roles)
	w.roles("platform_role", id, o.Platform)
	names := []string{}
	for name := range o.Attributes {
		names = append(names, name)
	}
	w.run("DELETE FROM wherewall.user_attr WHERE user_id = $1 AND name <> ALL ($2)", id, names)
	for name, value := range o.Attributes {
		w.run(`INSERT INTO wherewall.user_attr (user_id, name, value) VALUES ($1, $2, $3::jsonb) ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value`, id, name, string(value))
	}
	return nil
}

// roles makes the roles of a user outside of tenants be these.
func (w *writing) roles(table string, user int64, roles []string) {
	w.run("DELETE FROM wherewall."+table+" WHERE user_id = $1 AND role <> ALL (coalesce($2::text[], '{}'))", user, roles)
	w.run("INSERT INTO wherewall."+table+" (user_id, role) SELECT DISTINCT $1::bigint, r FROM unnest($2::text[]) r ON CONFLICT DO NOTHING", user, roles)
}

func (o DeleteUser) do(w *writing) error {
	return w.found(w.run("DELETE FROM wherewall.app_user WHERE name = $1", o.Name), o.Name)
}

func (o SetPassword) do(w *writing) error {
	id, err := w.user(o.User)
	switch {
	case err != nil:
		return err
	case o.Verifier == "":
		w.run("DELETE FROM wherewall.credential WHERE user_id = $1", id)
	default:
		w.run(`INSERT INTO wherewall.credential (user_id, verifier) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET verifier = excluded.verifier`, id, o.Verifier)
	}
	return nil
}

func (o SetMembership) do(w *writing) error {
	id, err := w.user(o.User)
	if err != nil {
		return err
	}
	w.run(`INSERT INTO wherewall.membership (user_id, tenant_id, valid_from, valid_until, active) VALUES ($1, $2, nullif($3, '')::date, nullif($4, '')::date, $5)
		ON CONFLICT (user_id, tenant_id) DO UPDATE SET valid_from = excluded.valid_from, valid_until = excluded.valid_until, active = excluded.active`,
		id, o.Tenant, o.From, o.Until, o.Active)
	w.run("DELETE FROM wherewall.member_role WHERE user_id = $1 AND tenant_id = $2 AND role <> ALL (coalesce($3::text[], '{}'))", id, o.Tenant, o.Roles)
	w.assign(id, o.Tenant, o.Roles)
	return nil
}

func (w *writing) assign(user int64, tenant string, roles []string) {
	w.run("INSERT INTO wherewall.member_role (user_id, tenant_id, role) SELECT DISTINCT $1::bigint, $2, r FROM unnest($3::text[]) r ON CONFLICT DO NOTHING", user, tenant, roles)
}

func (o DeleteMembership) do(w *writing) error {
	id, err := w.user(o.User)
	if err != nil {
		return err
	}
	return w.found(w.run("DELETE FROM wherewall.membership WHERE user_id = $1 AND tenant_id = $2", id, o.Tenant), o.User+" in "+o.Tenant)
}

func (o AssignRoles) do(w *writing) error {
	id, err := w.user(o.User)
	if err != nil {
		return err
	}
	member := 0
	if err := w.tx.QueryRow(w.ctx, "SELECT count(*) FROM wherewall.membership WHERE user_id = $1 AND tenant_id = $2", id, o.Tenant).Scan(&member); err != nil {
		return unusable("looking for a membership", err)
	}
	if member == 0 {
		return fmt.Errorf("%s in %s: %w", o.User, o.Tenant, ErrNotFound)
	}
	w.assign(id, o.Tenant, o.Roles)
	return nil
}

func (o RevokeRoles) do(w *writing) error {
	id, err := w.user(o.User)
	if err != nil {
		return err
	}
	w.run("DELETE FROM wherewall.member_role WHERE user_id = $1 AND tenant_id = $2 AND role = ANY ($3)", id, o.Tenant, o.Roles)
	return nil
}
