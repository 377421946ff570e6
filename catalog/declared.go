package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// What the documents declare, name by name. Every word is kept as the node it was read from, so that what is found
// wrong with it later is told at its place.

type attributeDecl struct {
	name     *document.Node // where it was declared or, where it was not, the first value of it
	typ      expr.Type
	declared bool
}

type entityDecl struct {
	name      *document.Node
	table     *document.Node
	key       []*document.Node
	tenant    *document.Node // COL, PATH.COL or global; nil where it is missing
	owner     *document.Node // COL or PATH.COL; nil for none
	relations map[string]*relationDecl
}

type relationDecl struct {
	name *document.Node
	to   *document.Node // ENTITY or SCHEMA.TABLE
	join []joinDecl
}

type joinDecl struct{ ours, theirs *document.Node }

type permissionDecl struct {
	name       *document.Node
	operations []operationDecl
}

type operationDecl struct {
	Operation
	at document.Place
}

// covers lists the entities of a permission's operations, each once, in the order of the policy.
func (p *permissionDecl) covers() []string {
	var names []string
	seen := map[string]bool{}
	for _, o := range p.operations {
		if !seen[o.Entity] {
			seen[o.Entity] = true
			names = append(names, o.Entity)
		}
	}
	return names
}

type roleDecl struct {
	name     *document.Node
	platform bool
	explain  bool
	grants   []grantDecl
}

type grantDecl struct {
	permission *document.Node
	scope      Scope
	scopeAt    document.Place
	where      *condition // nil for none
	check      *condition // nil: as where
}

type tenantDecl struct {
	id     *document.Node
	name   string
	active bool
}

type userDecl struct {
	name        *document.Node
	memberships []membershipDecl
	roles       []*document.Node
	platform    []*document.Node
	attributes  []document.Entry
	active      bool
	password    string
	explain     bool
}

type membershipDecl struct {
	tenant *document.Node
	roles  []*document.Node
	active bool
}
