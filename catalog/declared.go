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
	table     *document.Node // nil where a pattern of `defaults.match` found relation
	relation  *Relation      // of a pattern
	key       []*document.Node
	tenant    *document.Node // COL, PATH.COL or global; nil where it is missing
	shared    *document.Node // the word after null_is; nil for none
	owner     *document.Node // COL or PATH.COL; nil for none
	owners    map[string]*ownerDecl
	relations map[string]*relationDecl
	byKeys    *document.Node // the fk of `relations: fk`
	always    *condition     // nil for none
	view      *document.Node // own; nil for none
}

func (d *entityDecl) global() bool { return d.tenant != nil && d.tenant.Text == "global" }

type ownerDecl struct{ name, column *document.Node }

type relationDecl struct {
	name *document.Node
	to   *document.Node // ENTITY or SCHEMA.TABLE
	join []joinDecl
	many bool
}

type joinDecl struct{ ours, theirs *document.Node }

// patternDecl is one item of `defaults.match`.
type patternDecl struct {
	tables    *document.Node
	hasColumn *document.Node // nil for any table
	as        *entityDecl    // without name and table
}

type functionDecl struct {
	name  *document.Node
	reads []*document.Node
}

type permissionDecl struct {
	name       *document.Node
	operations []*operationDecl
	assignable bool // by a tenant's own roles
}

type operationDecl struct {
	entity  string
	action  Action
	at      document.Place
	columns []*document.Node // nil for all
	listed  bool             // there is a list of columns, which may be empty
	mask    []valueDecl
	set     []valueDecl
}

// valueDecl is a column and what stands in its place.
type valueDecl struct {
	column *document.Node
	value  *condition
}

// covers lists the entities of a permission's operations, each once, in the order of the policy.
func (p *permissionDecl) covers() []string {
	var names []string
	seen := map[string]bool{}
	for _, o := range p.operations {
		if !seen[o.entity] {
			seen[o.entity] = true
			names = append(names, o.entity)
		}
	}
	return names
}

type roleDecl struct {
	name     *document.Node
	platform bool
	allow    map[string]bool
	grants   []grantDecl
	replaces *document.Node // of a tenant's role; nil for none
	reviewed *document.Node
	custom   bool // of a tenant
}

type grantDecl struct {
	permission *document.Node
	scope      Scope
	scopeAt    document.Place
	owner      string         // of own:NAME
	anyTenant  *document.Node // the any of `tenants: any`; nil for none
	where      *condition     // nil for none
	check      *condition     // nil: as where
}

type tenantDecl struct {
	id     *document.Node
	stored bool // in a store; else in files
	name   string
	active bool
	parent *document.Node // nil for none
	roles  map[string]*roleDecl
}

// groupDecl is a group, or a resource grant to one user.
type groupDecl struct {
	name      string
	identity  string // of a store; empty for one of files
	granted   bool   // to one user
	at        document.Place
	tenant    *document.Node
	members   []*document.Node
	roles     []*document.Node
	resources []resourceDecl
	bounded   bool // there are resources, if only an empty map of them
}

// tenantID is the group's tenant, empty where that was at fault.
func (d *groupDecl) tenantID() string {
	if d.tenant == nil {
		return ""
	}
	return d.tenant.Text
}

type resourceDecl struct {
	entity *document.Node
	keys   []*document.Node // each a value, or a list of values
}

type userDecl struct {
	name        *document.Node
	memberships []membershipDecl
	roles       []*document.Node
	platform    []*document.Node
	attributes  []document.Entry
	active      bool
	password    string
	allow       map[string]bool
	unfiltered  bool
	impersonate Impersonation
}

type membershipDecl struct {
	tenant *document.Node
	roles  []*document.Node
	active bool
	period Period
}
