package store

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Grant is one line of what a role can.
type Grant struct {
	Permission               string
	Scope                    string // empty is tenant
	Where, Check             string // empty is none
	WhereOpaque, CheckOpaque bool   // the condition is under `sql:`
	AnyTenant                bool
}

// PutRole makes a role or changes it whole: one of a tenant or, where that is empty, one of the model.
type PutRole struct {
	Tenant, Name       string
	Replaces, Reviewed string // of a tenant's role; may be empty
	Description        string
	Platform           bool     // of the model's
	Allow              []string // of the model's
	Can                []Grant
}

// DeleteRole deletes a role. Nobody holds it any more then.
type DeleteRole struct{ Tenant, Name string }

// PutGroup makes a group or changes it whole. Resources are keys by entity, as a JSON array each; nil is all rows, and an empty map none. Members have to be members of the
// tenant. A group stays in its tenant.
type PutGroup struct {
	Name, Tenant   string
	Members, Roles []string
	Resources      map[string]json.RawMessage
}

// DeleteGroup deletes a group of a tenant.
type DeleteGroup struct{ Name, Tenant string }

// PutGrant gives a role on listed rows to one user, unless there is the very same grant.
type PutGrant struct {
	User, Tenant, Role string
	Resources          map[string]json.RawMessage
}

// DeleteGrant takes such a grant away: the very same one.
type DeleteGrant PutGrant

// IfUnchanged lets what follows happen only where something has not changed since a version. Kind is tenant, user or group.
type IfUnchanged struct {
	Kind, Name string
	Since      int64
}

func (o PutRole) of() string     { return o.Tenant }
func (o DeleteRole) of() string  { return o.Tenant }
func (o PutGroup) of() string    { return o.Tenant }
func (o DeleteGroup) of() string { return o.Tenant }
func (o PutGrant) of() string    { return o.Tenant }
func (o DeleteGrant) of() string { return o.Tenant }
func (IfUnchanged) of() string   { return "" }

func (PutRole) gives() []string      { return nil }
func (o DeleteRole) gives() []string { return []string{o.Name} }
func (o PutGroup) gives() []string   { return o.Roles }
func (DeleteGroup) gives() []string  { return nil }
func (o PutGrant) gives() []string   { return []string{o.Role} }
func (DeleteGrant) gives() []string  { return nil }
func (IfUnchanged) gives() []string  { return nil }

func (o PutRole) do(w *writing) error {
	w.run(`INSERT INTO wherewall.role (tenant_id, name, replaces, reviewed, platform, description, allow)
		VALUES (nullif($1, ''), $2, nullif($3, ''), nullif($4, ''), $5, nullif($6, ''), coalesce($7::text[], '{}'))
		ON CONFLICT (tenant_id, name) DO UPDATE SET replaces = excluded.replaces, reviewed = excluded.reviewed, platform = excluded.platform,
			description = excluded.description, allow = excluded.allow`,
		o.Tenant, o.Name, o.Replaces, o.Reviewed, o.Platform, o.Description, o.Allow)
	var id int64
	if w.err == nil {
		const role = "SELECT id FROM wherewall.role WHERE tenant_id IS NOT DISTINCT FROM nullif($1, '') AND name = $2"
		w.err = w.tx.QueryRow(w.ctx, role, o.Tenant, o.Name).Scan(&id)
	}
	w.run("DELETE FROM wherewall.role_grant WHERE role_id = $1", id)
	for _, g := range o.Can {
		w.run(`INSERT INTO wherewall.role_grant (role_id, permission, scope, where_sql, where_opaque, check_sql, check_opaque, any_tenant)
			VALUES ($1, $2, coalesce(nullif($3, ''), 'tenant'), nullif($4, ''), $5, nullif($6, ''), $7, $8)`,
			id, g.Permission, g.Scope, g.Where, g.WhereOpaque, g.Check, g.CheckOpaque, g.AnyTenant)
	}
	return nil
}

func (o DeleteRole) do(w *writing) error {
	const sql = "DELETE FROM wherewall.role WHERE tenant_id IS NOT DISTINCT FROM nullif($1, '') AND name = $2"
	return w.found(w.run(sql, o.Tenant, o.Name), o.Name)
}

func (o PutGroup) do(w *writing) error {
	bounded := o.Resources != nil
	made := w.run(`INSERT INTO wherewall.grp (tenant_id, name, bounded) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET name = excluded.name WHERE grp.tenant_id = excluded.tenant_id`, o.Tenant, o.Name, bounded)
	if made == 0 && w.err == nil {
		return fmt.Errorf("%w: the name %q is that of a group of another tenant", ErrConflict, o.Name)
	}
	id, err := w.id("SELECT id FROM wherewall.grp WHERE name = $1", o.Name)
	if err != nil {
		return err
	}
	entities := []string{}
	for entity := range o.Resources {
		entities = append(entities, entity)
	}
	w.run("DELETE FROM wherewall.grp_resource WHERE grp_id = $1 AND entity <> ALL ($2)", id, entities)
	w.run("UPDATE wherewall.grp SET bounded = $2 WHERE id = $1", id, bounded)
	for entity, keys := range o.Resources {
		w.run(`INSERT INTO wherewall.grp_resource (grp_id, entity, keys) VALUES ($1, $2, $3::jsonb) ON CONFLICT (grp_id, entity) DO UPDATE SET keys = excluded.keys`, id, entity, string(keys))
	}
	w.run("DELETE FROM wherewall.grp_role WHERE grp_id = $1 AND role <> ALL (coalesce($2::text[], '{}'))", id, o.Roles)
	w.run("INSERT INTO wherewall.grp_role (grp_id, role) SELECT DISTINCT $1::bigint, r FROM unnest($2::text[]) r ON CONFLICT DO NOTHING", id, o.Roles)
	w.run(`DELETE FROM wherewall.grp_member m USING wherewall.app_user u WHERE u.id = m.user_id AND m.grp_id = $1 AND u.name <> ALL (coalesce($2::text[], '{}'))`, id, o.Members)
	for _, member := range o.Members {
		const sql = `INSERT INTO wherewall.grp_member (grp_id, tenant_id, user_id) SELECT $1, m.tenant_id, m.user_id
			FROM wherewall.membership m JOIN wherewall.app_user u ON u.id = m.user_id WHERE m.tenant_id = $2 AND u.name = $3
			ON CONFLICT (grp_id, user_id) DO UPDATE SET user_id = excluded.user_id`
		if err := w.found(w.run(sql, id, o.Tenant, member), member+" in "+o.Tenant); err != nil {
			return err
		}
	}
	return nil
}

func (o DeleteGroup) do(w *writing) error {
	return w.found(w.run("DELETE FROM wherewall.grp WHERE name = $1 AND tenant_id = $2", o.Name, o.Tenant), o.Name)
}

func (o PutGrant) do(w *writing) error {
	resources, err := json.Marshal(o.Resources)
	if err != nil {
		return fmt.Errorf("writing resources: %w", err)
	}
	id, err := w.user(o.User)
	if err != nil {
		return err
	}
	w.run(`INSERT INTO wherewall.resource_grant (user_id, tenant_id, role, resources) SELECT $1, $2, $3, $4::jsonb
		WHERE NOT EXISTS (SELECT FROM wherewall.resource_grant WHERE user_id = $1 AND tenant_id = $2 AND role = $3 AND resources = $4::jsonb)`, id, o.Tenant, o.Role, string(resources))
	return nil
}

func (o DeleteGrant) do(w *writing) error {
	resources, err := json.Marshal(o.Resources)
	if err != nil {
		return fmt.Errorf("writing resources: %w", err)
	}
	id, err := w.user(o.User)
	if err != nil {
		return err
	}
	const sql = "DELETE FROM wherewall.resource_grant WHERE user_id = $1 AND tenant_id = $2 AND role = $3 AND resources = $4::jsonb"
	return w.found(w.run(sql, id, o.Tenant, o.Role, string(resources)), o.Role+" of "+o.User)
}

func (o IfUnchanged) do(w *writing) error {
	var id int64
	var err error
	subject := o.Name
	switch o.Kind {
	case "tenant":
		if w.actor.Tenant != "" && o.Name != w.actor.Tenant {
			return ErrForbidden
		}
	case "user":
		id, err = w.user(o.Name)
		subject = strconv.FormatInt(id, 10)
	case "group":
		id, err = w.id("SELECT id FROM wherewall.grp WHERE name = $1 AND tenant_id = coalesce(nullif($2, ''), tenant_id)", o.Name, w.actor.Tenant)
		subject = strconv.FormatInt(id, 10)
	default:
		return fmt.Errorf("%q is not a kind of thing whose changes can be asked for: tenant, user or group is", o.Kind)
	}
	if err != nil {
		return err
	}
	var last int64
	const sql = "SELECT coalesce(max(version), 0) FROM wherewall.change WHERE kind = $1 AND subject = $2"
	if err := w.tx.QueryRow(w.ctx, sql, o.Kind, subject).Scan(&last); err != nil {
		return unusable("reading the history", err)
	}
	if last > o.Since {
		return fmt.Errorf("%s %q: %w", o.Kind, o.Name, ErrConflict)
	}
	return nil
}
