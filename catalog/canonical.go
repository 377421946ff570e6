package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// spelled spells a declaration of a valid policy in the one way: short forms become long ones, what says nothing is left out, and what has no order is sorted.
func spelled(section string, n *document.Node) *document.Node {
	switch section {
	case "tenants":
		return canonicalTenant(n)
	case "users":
		return canonicalUser(n)
	case "groups", "resource_grants":
		return fields(n, "tenant", "user", "role", "members*", "roles*", "resources:")
	case "roles":
		return canonicalRole(n)
	case "permissions":
		return canonicalPermission(n)
	case "entities":
		return canonicalEntity(n)
	case "functions":
		return fields(n, "reads*")
	default:
		return document.NewText(n.Place, n.Text)
	}
}

// fields copies keys of a map. One with a star is a list without order, one with a colon a map without one; an empty list is left out. One with a plus is there
// where it is true, and one with a minus where it is false. A bare one is text, whatever it looks like.
func fields(n *document.Node, keys ...string) *document.Node {
	made := document.NewMap(n.Place)
	for _, key := range keys {
		name := strings.TrimRight(key, "*:+-=")
		value := n.Get(name)
		if value == nil {
			continue
		}
		switch key[len(name):] {
		case "*":
			if len(value.Items) > 0 {
				made.With(name, sortedList(value))
			}
		case ":":
			made.With(name, sortedMap(value))
		case "+":
			if value.Text == "true" {
				made.With(name, value)
			}
		case "-":
			if value.Text == "false" {
				made.With(name, value)
			}
		case "=":
			made.With(name, canonicalCondition(value))
		default:
			if value.Text != "" {
				made.With(name, document.NewText(value.Place, value.Text))
			}
		}
	}
	return made
}

// sortedList sorts by JSON and leaves out what is there twice.
func sortedList(n *document.Node) *document.Node {
	items := slices.Clone(n.Items)
	slices.SortFunc(items, func(a, b *document.Node) int { return cmp.Compare(string(a.JSON()), string(b.JSON())) })
	items = slices.CompactFunc(items, func(a, b *document.Node) bool { return string(a.JSON()) == string(b.JSON()) })
	return document.NewList(n.Place, items...)
}

func sortedMap(n *document.Node) *document.Node {
	made := document.NewMap(n.Place)
	made.Entries = slices.Clone(n.Entries)
	slices.SortFunc(made.Entries, func(a, b document.Entry) int { return cmp.Compare(a.Key.Text, b.Key.Text) })
	return made
}

// each makes a map of a map's values.
func each(n *document.Node, f func(*document.Node) *document.Node) *document.Node {
	made := sortedMap(n)
	for i := range made.Entries {
		made.Entries[i].Value = f(made.Entries[i].Value)
	}
	return made
}

func canonicalTenant(n *document.Node) *document.Node {
	made := fields(n, "name", "parent", "active-")
	if roles := n.Get("roles"); roles != nil && len(roles.Entries) > 0 {
		made.With("roles", each(roles, canonicalRole))
	}
	return made
}

func canonicalUser(n *document.Node) *document.Node {
	made := fields(n, "active-", "unfiltered+", "allow*", "password", "roles*", "platform*", "attrs:")
	if may := n.Get("may_impersonate"); may != nil && may.Text != "false" {
		word := may.Text
		if word == "true" {
			word = "token"
		}
		made.With("may_impersonate", document.NewText(may.Place, word))
	}
	if tenants := n.Get("tenants"); tenants != nil && len(tenants.Entries) > 0 {
		made.With("tenants", each(tenants, canonicalMembership))
	}
	return made
}

// canonicalMembership is a list of roles, or a map where there is more to say.
func canonicalMembership(n *document.Node) *document.Node {
	if n.Kind == document.List {
		return sortedList(n)
	}
	made := fields(n, "from", "until", "active-")
	roles := document.NewList(n.Place)
	if given := n.Get("roles"); given != nil {
		roles = sortedList(given)
	}
	if len(made.Entries) == 0 {
		return roles
	}
	return made.With("roles", roles)
}

func canonicalRole(n *document.Node) *document.Node {
	made := fields(n, "platform+", "description", "allow*", "replaces", "reviewed")
	can := document.NewList(n.Place)
	if given := n.Get("can"); given != nil {
		for _, item := range given.Items {
			can.Items = append(can.Items, canonicalGrant(item))
		}
	}
	return made.With("can", can)
}

func canonicalGrant(n *document.Node) *document.Node {
	name, value := n.Text, (*document.Node)(nil)
	if n.Kind == document.Map {
		name, value = n.Entries[0].Key.Text, n.Entries[0].Value
	}
	scope := "tenant"
	made := document.NewMap(n.Place)
	switch {
	case value == nil:
	case value.Kind == document.Scalar:
		scope = value.Text
	default:
		if given := value.Get("scope"); given != nil {
			scope = given.Text
		}
		made = fields(value, "where=", "check=", "tenants")
	}
	return document.NewMap(n.Place).With(name, made.With("scope", document.NewText(n.Place, scope)))
}

func canonicalCondition(n *document.Node) *document.Node {
	if n.Kind == document.Map {
		return document.NewMap(n.Place).With("sql", document.NewText(n.Place, n.Get("sql").Text))
	}
	return document.NewText(n.Place, n.Text)
}

func canonicalPermission(n *document.Node) *document.Node {
	made := document.NewMap(n.Place)
	ops := n
	if n.Kind == document.Map {
		made, ops = fields(n, "description", "tenant_assignable+"), n.Get("ops")
	}
	list := document.NewList(n.Place)
	if ops != nil {
		for _, item := range ops.Items {
			list.Items = append(list.Items, canonicalOperation(item))
		}
	}
	return made.With("ops", list)
}

func canonicalOperation(n *document.Node) *document.Node {
	name, value := n, document.NewMap(n.Place)
	if n.Kind == document.Map {
		name = n.Entries[0].Key
		if n.Entries[0].Value.Kind == document.Map {
			value = n.Entries[0].Value
		}
	}
	r, d := newReader(), &permissionDecl{}
	o := r.operation(d, name)
	if o == nil {
		return n
	}
	made := document.NewMap(n.Place)
	if columns := value.Get("columns"); columns != nil {
		made.With("columns", document.NewTexts(n.Place, texts(columns.Items)))
	} else if o.listed {
		made.With("columns", document.NewTexts(n.Place, texts(o.columns)))
	}
	for _, key := range []string{"mask", "set"} {
		if given := value.Get(key); given != nil && len(given.Entries) > 0 {
			made.With(key, each(given, canonicalCondition))
		}
	}
	return document.NewMap(n.Place).With(o.entity+"."+string(o.action), made)
}

func canonicalEntity(n *document.Node) *document.Node {
	made := fields(n, "table", "owner", "owners:", "always=", "view")
	switch key := n.Get("key"); {
	case key == nil:
	case key.Kind == document.List:
		made.With("key", document.NewTexts(key.Place, texts(key.Items)))
	default:
		made.With("key", document.NewTexts(key.Place, []string{key.Text}))
	}
	switch tenant := n.Get("tenant"); {
	case tenant == nil:
	case tenant.Kind == document.Map && tenant.Get("null_is") != nil:
		made.With("tenant", fields(tenant, "column", "null_is"))
	case tenant.Kind == document.Map:
		made.With("tenant", document.NewText(tenant.Place, tenant.Get("column").Text))
	default:
		made.With("tenant", document.NewText(tenant.Place, tenant.Text))
	}
	switch relations := n.Get("relations"); {
	case relations == nil:
	case relations.Kind == document.Scalar:
		made.With("relations", document.NewText(relations.Place, relations.Text))
	case len(relations.Entries) > 0:
		made.With("relations", each(relations, func(r *document.Node) *document.Node { return fields(r, "to", "join:", "many+") }))
	}
	return made
}

// canonicalMatch is a pattern of entities; what it makes of tables is spelled as an entity is.
func canonicalMatch(n *document.Node) *document.Node {
	made := fields(n, "tables", "has_column")
	if as := n.Get("as"); as != nil {
		made.With("as", canonicalEntity(as))
	}
	return made
}
