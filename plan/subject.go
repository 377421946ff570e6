package plan

import (
	"strconv"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

func quote(s string) string { return strconv.Quote(s) }

func texts(list []string) catalog.Attribute {
	return catalog.Attribute{Type: expr.Type{Schema: "pg_catalog", Name: "text", Array: true}, Text: catalog.ArrayText(list), List: list}
}

func textValue(value string) catalog.Attribute {
	return catalog.Attribute{Type: expr.Type{Schema: "pg_catalog", Name: "text"}, Text: value}
}

// The slots that are no attributes of users: conditions may name the first four.
const (
	meID      = "id"
	meTenant  = "tenant"
	meRoles   = "roles"
	meGroups  = "groups"
	meTenants = "tenants" // the tenant and all below it
)

// attributesOf are the values of me.*. What is built in comes last: an attribute of the same name must not stand for it.
func attributesOf(
	s *catalog.Snapshot, subject Subject, brought map[string]*catalog.Attribute, roles []string, groups []*groupHeld,
) map[string]catalog.Attribute {
	declared := s.Users[subject.User].Attributes
	me := make(map[string]catalog.Attribute, len(declared)+len(brought)+8)
	for name, a := range declared {
		me[name] = a
	}
	for name, a := range brought {
		delete(me, name)
		if a != nil {
			me[name] = *a
		}
	}
	me[meID] = textValue(subject.User)
	me[meRoles] = texts(roles)
	me[meGroups] = texts(groupNames(groups))
	delete(me, meTenant)
	delete(me, meTenants)
	if subject.Tenant != "" {
		me[meTenant] = textValue(subject.Tenant)
		me[meTenants] = texts(s.Tenants[subject.Tenant].Tree)
	}
	for _, g := range groups {
		g.values(me)
	}
	return me
}

func groupNames(groups []*groupHeld) []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.group.Name
	}
	return names
}
