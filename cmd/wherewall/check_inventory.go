package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/rewrite"
)

// inventory lists what a policy maps and what it leaves out of reach. A nil snapshot is a policy without a database, or one at fault.
func inventory(w io.Writer, policy *catalog.Policy, s *catalog.Snapshot) {
	fmt.Fprintf(w, "policy %s\n", short(policy.Version()))
	if s == nil {
		return
	}
	mapped := map[catalog.RelationName]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.Entities)) {
		e := s.Entities[name]
		mapped[e.Relation.RelationName] = true
		whose := "by tenant"
		if e.Global {
			whose = "global"
		}
		fmt.Fprintf(w, "  %s is %s, %s\n", name, relationText(e), whose)
	}
	var outside []string
	for name, r := range s.Schema.Relations {
		if s.EntityOf(name) == nil && !mapped[name] && r.Kind != 'S' {
			outside = append(outside, name.Schema+"."+name.Name)
		}
	}
	slices.Sort(outside)
	for _, name := range outside {
		fmt.Fprintf(w, "  out of reach: %s\n", name)
	}
	fmt.Fprintf(w, "  %s, %s, %s, %s\n", plural(len(s.Roles), "role"), plural(len(s.Permissions), "permission"), plural(len(s.Tenants), "tenant"), plural(len(s.Users), "user"))
	functionInventory(w, s.Schema)
}

// functionInventory tells what became of the functions of the server at hand, class by class, and names those that nobody has looked at.
func functionInventory(w io.Writer, s *catalog.Schema) {
	counts := rewrite.FunctionClasses(s)
	total := 0
	for _, c := range counts {
		total += c.Functions
	}
	fmt.Fprintf(w, "  %s of PostgreSQL %d\n", plural(total, "function"), s.ServerVersion/10000)
	for _, c := range counts {
		treatment := "refused"
		if c.Class.Allowed() {
			treatment = "allowed"
		}
		fmt.Fprintf(w, "    %5d %s, %s\n", c.Functions, treatment, c.Class)
		for _, name := range c.Names {
			fmt.Fprintf(w, "          %s\n", name)
		}
	}
}
