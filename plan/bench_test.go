package plan_test

import (
	"fmt"
	"testing"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// crowd is a policy with many entities, users, tenants and roles of which a user has few.
func crowd(entities, users int) *catalog.Snapshot {
	s := &catalog.Snapshot{
		Schema: &catalog.Schema{}, Version: "v", BaseRole: "everyone",
		Entities: map[string]*catalog.Entity{}, Permissions: map[string]*catalog.Permission{}, Roles: map[string]*catalog.Role{},
		Tenants: map[string]*catalog.Tenant{}, Users: map[string]*catalog.User{}, Groups: map[string]*catalog.Group{},
	}
	text := typ("text")
	for i := range entities {
		name := fmt.Sprintf("e%d", i)
		s.Entities[name] = &catalog.Entity{
			Name: name, Key: []string{"id"}, Tenant: expr.Column{Name: "org", Type: text}, Owner: expr.Column{Name: "owner", Type: text},
			Relation: relation(name, "id", "org", "owner", "amount"),
		}
		s.Permissions["see_"+name] = &catalog.Permission{Name: "see_" + name, Operations: []catalog.Operation{{Entity: name, Action: catalog.Read}, {Entity: name, Action: catalog.Update}}}
		role := &catalog.Role{Name: "r" + name}
		for j := range 5 {
			on := fmt.Sprintf("e%d", (i+j)%entities)
			role.Grants = append(role.Grants, catalog.Grant{Permission: "see_" + on, Scope: catalog.Scope(j % 2), Where: map[string]expr.Expr{
				on: expr.Compare{Op: expr.Le, Left: column("amount", "numeric"), Right: expr.Me{Name: "max", Type: typ("numeric")}},
			}})
		}
		s.Roles[role.Name] = role
	}
	s.Roles["everyone"] = &catalog.Role{Name: "everyone"}
	for i := range max(1, users/10) {
		id := fmt.Sprintf("t%d", i)
		s.Tenants[id] = &catalog.Tenant{ID: id, Active: true, Tree: []string{id}}
	}
	for i := range users {
		name, tenant := fmt.Sprintf("u%d", i), fmt.Sprintf("t%d", i%max(1, users/10))
		s.Users[name] = &catalog.User{
			Name: name, Active: true, Memberships: map[string][]string{tenant: {"re" + fmt.Sprint(i%min(entities, 7)), "re0"}},
			Attributes: map[string]catalog.Attribute{"max": {Type: typ("int4"), Text: "7"}},
		}
	}
	return s
}

func BenchmarkBuild(b *testing.B) {
	for _, size := range []struct{ entities, users int }{{10, 100}, {10, 10_000}, {10, 1_000_000}, {100, 100}, {1000, 100}, {1000, 1_000_000}} {
		s := crowd(size.entities, size.users)
		name := fmt.Sprintf("entities=%d/users=%d", size.entities, size.users)
		b.Run("known/"+name, func(b *testing.B) {
			b.ReportAllocs()
			planner, i := plan.NewPlanner(s), 0
			for b.Loop() {
				build(b, planner, i%size.users, size.users)
				i++
			}
		})
		b.Run("first/"+name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p := build(b, plan.NewPlanner(s), i%size.users, size.users)
				if p.Rule("e0", catalog.Read).Kind != plan.Restricted {
					b.Fatal("nothing is granted")
				}
				i++
			}
		})
	}
}

func build(t testing.TB, planner *plan.Planner, user, users int) *plan.Plan {
	p, err := planner.Build(plan.Subject{User: fmt.Sprintf("u%d", user), Tenant: fmt.Sprintf("t%d", user%max(1, users/10))})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
