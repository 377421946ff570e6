package store

import (
	"github.com/wherewall/wherewall/catalog/document"
)

// hasModel says whether there is anything of a model.
func (r *reader) hasModel() bool {
	found := false
	const sql = `SELECT EXISTS (SELECT FROM wherewall.setting) OR EXISTS (SELECT FROM wherewall.attribute) OR EXISTS (SELECT FROM wherewall.entity)
		OR EXISTS (SELECT FROM wherewall.permission) OR EXISTS (SELECT FROM wherewall.role WHERE tenant_id IS NULL) OR EXISTS (SELECT FROM wherewall.function)`
	if r.err == nil {
		if err := r.tx.QueryRow(r.ctx, sql).Scan(&found); err != nil {
			r.err = unusable("looking for a model in the store", err)
		}
	}
	return found
}

// model reads everything but people as one document.
func (r *reader) model() []*document.Node {
	d := document.NewMap(document.Row("setting", "wherewall"))
	d.With("wherewall", &document.Node{Kind: document.Scalar, Type: document.Int, Text: "1", Place: d.Place})
	var name string
	var value []byte
	r.each("settings", "SELECT name, value::text FROM wherewall.setting ORDER BY name", "", nil, []any{&name, &value}, func() error {
		n, err := document.FromJSON(document.Row("setting", name), value)
		d.With(name, n)
		return err //nolint:wrapcheck // each says what was being read
	})
	var typ string
	r.each("attributes", "SELECT name, type FROM wherewall.attribute ORDER BY name", "", nil, []any{&name, &typ}, func() error {
		at := document.Row("attribute", name)
		named(d, "attributes", at, name, document.NewText(at, typ))
		return nil
	})
	r.entities(d)
	r.permissions(d)
	r.systemRoles(d)
	var reads []string
	r.each("functions", "SELECT name, reads FROM wherewall.function ORDER BY name", "", nil, []any{&name, &reads}, func() error {
		at := document.Row("function", name)
		f := document.NewMap(at)
		if len(reads) > 0 {
			f.With("reads", document.NewTexts(at, reads))
		}
		named(d, "functions", at, name, f)
		return nil
	})
	return []*document.Node{d}
}

// named puts something under its name in a section of the document.
func named(d *document.Node, section string, at document.Place, name string, value *document.Node) {
	s := under(d, section, document.Map)
	s.Entries = append(s.Entries, document.Entry{Key: document.NewText(at, name), Value: value})
}

func (r *reader) entities(d *document.Node) {
	entities := map[string]*document.Node{}
	var name, relation string
	var key []string
	var tenant, owners []byte
	var owner, always, view *string
	var opaque, fk bool
	const sql = `SELECT name, relation, key, tenant::text, owner, owners::text, always, always_opaque, view, foreign_keys FROM wherewall.entity ORDER BY name`
	targets := []any{&name, &relation, &key, &tenant, &owner, &owners, &always, &opaque, &view, &fk}
	r.each("entities", sql, "", nil, targets, func() error {
		at := document.Row("entity", name)
		e := document.NewMap(at).With("table", document.NewText(at, relation))
		if len(key) > 0 {
			e.With("key", document.NewTexts(at, key))
		}
		t, err := document.FromJSON(at, tenant)
		if err != nil {
			return err //nolint:wrapcheck // each says what was being read
		}
		e.With("tenant", t)
		optional(e, "owner", owner)
		if owners != nil {
			if t, err = document.FromJSON(at, owners); err != nil {
				return err //nolint:wrapcheck // each says what was being read
			}
			e.With("owners", t)
		}
		condition(e, "always", always, opaque)
		optional(e, "view", view)
		if fk {
			e.With("relations", document.NewText(at, "fk"))
		}
		entities[name] = e
		named(d, "entities", at, name, e)
		return nil
	})
	var to string
	var columns []byte
	var many bool
	const relations = `SELECT entity, name, to_relation, columns::text, many FROM wherewall.entity_relation ORDER BY entity, name`
	var entity string
	r.each("relations", relations, "", nil, []any{&entity, &name, &to, &columns, &many}, func() error {
		at := document.Row("entity_relation", entity+"/"+name)
		join, err := document.FromJSON(at, columns)
		if err != nil {
			return err //nolint:wrapcheck // each says what was being read
		}
		rel := document.NewMap(at).With("to", document.NewText(at, to)).With("join", join)
		if many {
			rel.With("many", document.NewBool(at, true))
		}
		under(entities[entity], "relations", document.Map).With(name, rel)
		return nil
	})
}

func (r *reader) permissions(d *document.Node) {
	permissions := map[string]*document.Node{}
	var name string
	var description *string
	var assignable bool
	r.each("permissions", "SELECT name, description, tenant_assignable FROM wherewall.permission ORDER BY name", "", nil, []any{&name, &description, &assignable}, func() error {
		at := document.Row("permission", name)
		p := document.NewMap(at)
		optional(p, "description", description)
		if assignable {
			p.With("tenant_assignable", document.NewBool(at, true))
		}
		under(p, "ops", document.List)
		permissions[name] = p
		named(d, "permissions", at, name, p)
		return nil
	})
	var entity, action string
	var columns []string
	var mask, preset []byte
	const sql = `SELECT permission, entity, action, columns, mask::text, preset::text FROM wherewall.permission_op ORDER BY id`
	r.each("operations", sql, "", nil, []any{&name, &entity, &action, &columns, &mask, &preset}, func() error {
		p := permissions[name]
		o := document.NewMap(p.Place)
		if columns != nil {
			o.With("columns", document.NewTexts(p.Place, columns))
		}
		for key, text := range map[string][]byte{"mask": mask, "set": preset} {
			if text == nil {
				continue
			}
			n, err := document.FromJSON(p.Place, text)
			if err != nil {
				return err //nolint:wrapcheck // each says what was being read
			}
			o.With(key, n)
		}
		ops := p.Get("ops")
		ops.Items = append(ops.Items, document.NewMap(p.Place).With(entity+"."+action, o))
		return nil
	})
}

func (r *reader) systemRoles(d *document.Node) {
	roles := map[int64]*document.Node{}
	var id int64
	var name string
	var platform bool
	var description *string
	var allow []string
	const sql = `SELECT id, name, platform, description, allow FROM wherewall.role WHERE tenant_id IS NULL ORDER BY name`
	r.each("roles", sql, "", nil, []any{&id, &name, &platform, &description, &allow}, func() error {
		at := document.Row("role", name)
		role := document.NewMap(at)
		optional(role, "description", description)
		if platform {
			role.With("platform", document.NewBool(at, true))
		}
		if len(allow) > 0 {
			role.With("allow", document.NewTexts(at, allow))
		}
		under(role, "can", document.List)
		roles[id] = role
		named(d, "roles", at, name, role)
		return nil
	})
	r.roleGrants(roles, `SELECT g.*, r.tenant_id FROM wherewall.role_grant g JOIN wherewall.role r ON r.id = g.role_id WHERE r.tenant_id IS NULL`, nil)
}
