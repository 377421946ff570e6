package store

import (
	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/document"
)

func (r *reader) groups(only []string) []catalog.Member {
	all := newEntries()
	var id, name, tenant string
	var bounded bool
	var members, roles []string
	const sql = `SELECT g.id::text, g.name, g.tenant_id, g.bounded,
		ARRAY(SELECT u.name FROM wherewall.grp_member m JOIN wherewall.app_user u ON u.id = m.user_id WHERE m.grp_id = g.id ORDER BY u.name),
		ARRAY(SELECT r.role FROM wherewall.grp_role r WHERE r.grp_id = g.id ORDER BY r.role) FROM wherewall.grp g`
	r.each("groups", sql, "g.id", only, []any{&id, &name, &tenant, &bounded, &members, &roles}, func() error {
		g := all.add(id, "grp", name)
		g.With("tenant", document.NewText(g.Place, tenant))
		if len(members) > 0 {
			g.With("members", document.NewTexts(g.Place, members))
		}
		if len(roles) > 0 {
			g.With("roles", document.NewTexts(g.Place, roles))
		}
		if bounded {
			under(g, "resources", document.Map)
		}
		return nil
	})
	var entity string
	var keys []byte
	r.each("resources of groups", "SELECT grp_id::text, entity, keys::text FROM wherewall.grp_resource", "grp_id", only, []any{&id, &entity, &keys}, func() error {
		g := all.of(id)
		list, err := document.FromJSON(g.Place, keys)
		if err != nil {
			return err //nolint:wrapcheck // each says what was being read
		}
		under(g, "resources", document.Map).With(entity, list)
		return nil
	})
	return all.list
}

func (r *reader) grants(only []string) []catalog.Member {
	all := newEntries()
	var id, user, tenant, role string
	var resources []byte
	const sql = `SELECT g.id::text, u.name, g.tenant_id, g.role, g.resources::text FROM wherewall.resource_grant g JOIN wherewall.app_user u ON u.id = g.user_id`
	r.each("resource grants", sql, "g.id", only, []any{&id, &user, &tenant, &role, &resources}, func() error {
		g := all.add(id, "resource_grant", id)
		n, err := document.FromJSON(g.Place, resources)
		if err != nil {
			return err //nolint:wrapcheck // each says what was being read
		}
		g.With("user", document.NewText(g.Place, user)).With("tenant", document.NewText(g.Place, tenant)).With("role", document.NewText(g.Place, role)).With("resources", n)
		return nil
	})
	return all.list
}
