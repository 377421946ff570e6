package rewrite

import (
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// exportedRole is a role and in which tenants its name means it.
type exportedRole struct {
	*catalog.Role
	tenant string   // of a tenant's own role; empty for the system's
	except []string // of the system's: the tenants in which the name means another role
}

// exportedRoles are the system's roles and those of tenants, by name.
func exportedRoles(s *catalog.Snapshot) []exportedRole {
	replaced := map[string][]string{}
	var all []exportedRole
	for _, id := range slices.Sorted(maps.Keys(s.Tenants)) {
		for _, name := range slices.Sorted(maps.Keys(s.Tenants[id].Roles)) {
			own := s.Tenants[id].Roles[name]
			all = append(all, exportedRole{Role: own, tenant: id})
			replaced[name] = append(replaced[name], id)
			if own.Replaces != "" && own.Replaces != name {
				replaced[own.Replaces] = append(replaced[own.Replaces], id)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Roles)) {
		all = append(all, exportedRole{Role: s.Roles[name], except: slices.Compact(replaced[name])})
	}
	slices.SortStableFunc(all, func(a, b exportedRole) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// resourceEntities are the entities whose keys groups list.
func resourceEntities(s *catalog.Snapshot) []string {
	found := map[string]bool{}
	for _, g := range s.Groups {
		for name := range g.Resources {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// holders are roles that give the same rows.
type holders struct {
	names    []string
	platform bool
	tenant   string
	except   []string
}

func (r exportedRole) holders() holders {
	return holders{names: []string{r.Name}, platform: r.Platform, tenant: r.tenant, except: r.except}
}

// key tells apart what cannot be asked for by one call.
func (h holders) key() string {
	platform := ""
	if h.platform {
		platform = "platform"
	}
	return strings.Join(append([]string{platform, h.tenant}, h.except...), "\x00")
}

// held says that the user holds one of the roles: in the whole tenant, or for the resource that a row is or belongs to.
func (x *exporter) held(e *catalog.Entity, h holders) expr.Expr {
	list := literals(h.names)
	call := "wherewall.holds(" + list + ")"
	any := []expr.Expr{x.slot("(SELECT "+call+")", builtinBool())}
	if !h.platform {
		for _, name := range x.resources {
			if term := x.limited(e, name, list); term != nil {
				any = append(any, term)
			}
		}
	}
	terms := []expr.Expr{expr.Or{Terms: any}}
	switch {
	case h.tenant != "":
		terms = append(terms, x.slot("(SELECT wherewall.tenant() = "+quoted(h.tenant)+")", builtinBool()))
	case len(h.except) > 0:
		terms = append(terms, x.slot("(SELECT (wherewall.tenant() = ANY (ARRAY["+literals(h.except)+"])) IS NOT TRUE)", builtinBool()))
	}
	return expr.And{Terms: terms}
}

// limited says that a row is one of the resources for which the user holds one of the roles, or belongs to one over a to-one path. It is
// nil where nothing leads there.
func (x *exporter) limited(e *catalog.Entity, resource, roles string) expr.Expr {
	target := x.snapshot.Entities[resource]
	path, leads := x.snapshot.PathTo(e.Name, resource)
	if target == nil || !leads || len(target.Key) == 0 {
		return nil
	}
	keys := "wherewall.keys(" + quoted(resource) + ", " + roles + ")"
	if len(target.Key) == 1 {
		column := target.Relation.Column(target.Key[0])
		if column == nil {
			return nil
		}
		list := column.Type
		list.Array = true
		return expr.EqAny{
			Left:  expr.Column{Path: path, Name: column.Name, Type: column.Type},
			Array: x.slot("(SELECT "+keys+")", list),
		}
	}
	var same, used []string
	for i, name := range target.Key {
		column := target.Relation.Column(name)
		if column == nil {
			return nil
		}
		own, kind := identifier(name), typeText(column.Type)
		same = append(same, own+" = (ww_k.ww_key ->> "+ordinal(i)+")::"+kind)
		used = append(used, name)
	}
	among := expr.SQL{
		Text:    "EXISTS (SELECT FROM (SELECT ww_u.ww_u::jsonb AS ww_key FROM pg_catalog.unnest(" + keys + ") AS ww_u(ww_u)) AS ww_k WHERE " + strings.Join(same, " AND ") + ")",
		Columns: used, Type: builtinBool(),
	}
	if len(path) == 0 {
		return among
	}
	return expr.Exists{Path: path, Where: among}
}
