package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// Snapshot is a validated policy bound to one database's schema: every name resolved, every condition typed. It is
// immutable and shared by all sessions; a reload makes a new one.
type Snapshot struct {
	Schema  *Schema
	Version string // digest of the policy's documents
	// ModelVersion is that of everything but people that a store holds. Where there is no store it is Version.
	ModelVersion string
	BaseRole     string // empty for none
	Entities     map[string]*Entity
	Permissions  map[string]*Permission
	Roles        map[string]*Role
	Tenants      map[string]*Tenant
	Users        map[string]*User
	Groups       map[string]*Group          // resource grants to one user are groups of one, named by their place
	Functions    map[string]*ListedFunction // by schema.name or schema.name(argtypes)
	StarErrors   bool                       // `star: error`: SELECT * with closed columns is refused, and not cut short
	Trust        Trust                      // `trust:`, what may run on rows that the guard has not passed
	// AttributeTypes are the types of me's attributes by name, declared or told by users' values, without the built-in ones.
	AttributeTypes map[string]expr.Type
	byRelation     map[RelationName]*Entity
	model          *model  // that of the snapshot which it was amended from, and of all others from there
	bound          *binder // what other people can be bound by; read by Amend alone
}

// Action is what an operation does to rows.
type Action string

// The actions that match statements. Other names may be declared and asked for, and never match one.
const (
	Read   Action = "read"
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Entity is a mapped relation.
type Entity struct {
	Name     string
	Relation *Relation
	Key      []string
	Global   bool
	Tenant   expr.Expr // a Column, possibly over a path; nil exactly where Global
	// SharedNull says that rows without a tenant may be read by all and written by platform roles.
	SharedNull bool
	Owner      expr.Expr            // a Column, possibly over a path; nil for none
	Owners     map[string]expr.Expr // named owners, for scope own:NAME
	Always     expr.Expr            // a second boundary, for everybody and every action; nil for none
	// Relations are what paths may lead over, declared or taken from foreign keys, by name.
	Relations map[string]*Relationship
	View      View
	AuditKeys bool // the keys of rows that leave are recorded
}

// View says how a view is mapped. The zero value is no view.
type View int

// The ways to map a view.
const (
	NoView     View = iota
	OwnView         // an entity with its own columns for tenant and owner
	ExpandView      // its definition is put in its place and the relations in it are guarded
)

// Relationship is a relation to other rows.
type Relationship struct {
	Name   string
	To     *Relation
	Entity string // mapped to To; empty for none
	On     []expr.Pair
	Many   bool
}

// ListedFunction is a function outside pg_catalog that may be called.
type ListedFunction struct {
	Name  string   // schema.name
	Args  []string // nil: every overload
	Reads []string // entities that it may expose
}

// Permission is a named list of operations.
type Permission struct {
	Name       string
	Operations []Operation
}

// Operation is entity.action.
type Operation struct {
	Entity string
	Action Action
	// Columns are those that the operation gives unmasked, or may write; nil gives all.
	Columns []string
	// Mask gives columns through an expression over the row. A masked column is not in Columns.
	Mask map[string]expr.Expr
	// Set fills columns that a new or updated row does not name.
	Set map[string]expr.Expr
}

// Scope is how far a grant reaches. The zero value is ScopeTenant, the narrowest that needs no owner.
type Scope int

// The scopes.
const (
	ScopeTenant Scope = iota // tenantExpr = the session's tenant
	ScopeOwn                 // the same, and owner = the session's user
	ScopeAll                 // no boundary; platform roles only
	ScopeTree                // tenantExpr is the session's tenant or one below it
)

// Role is a named list of grants.
type Role struct {
	Name     string
	Platform bool
	Grants   []Grant
	Explain  bool            // `allow: [explain]`: refusals may name permissions and roles
	Allow    map[string]bool // everything in `allow:`, explain included
	Replaces string          // of a tenant's role: the system role that its members have no longer
	Reviewed string          // of a tenant's role: the policy version that somebody last compared it with
	At       string
}

// Grant gives a permission within a scope. Where and Check hold, per entity that the permission covers, the compiled
// `where:` and `check:`; an entity absent from Where has no condition, one absent from Check uses Where.
type Grant struct {
	Permission string
	Scope      Scope
	Owner      string // of ScopeOwn: the named owner; empty for Entity.Owner
	AnyTenant  bool   // `tenants: any`: no boundary; platform roles only
	Where      map[string]expr.Expr
	Check      map[string]expr.Expr
	At         string // file:line of the declaration
}

// Tenant is a declared tenant.
type Tenant struct {
	ID     string
	Name   string // for people; may be empty
	Active bool
	Parent string           // empty for none
	Tree   []string         // the tenant and all below it, sorted
	Roles  map[string]*Role // its own roles by name
}

// Group gives roles to its members, in one tenant, on all resources or on listed ones.
type Group struct {
	Name    string
	Tenant  string
	Members []string
	Roles   []string
	// Resources are keys by entity, each key as text input of the key's columns. nil: the roles hold in the whole tenant.
	Resources map[string][][]string
	At        string
}

// User is a declared user.
type User struct {
	Name     string
	Identity string // tells a user of a store from a later one of the same name; empty for one of files
	Active   bool
	Password string // a SCRAM-SHA-256 verifier; empty: cannot log in by password
	// Memberships by tenant ID: the roles held there. One that is not active is left out.
	Memberships map[string][]string
	Roles       []string             // where every entity is global
	Platform    []string             // platform roles
	Attributes  map[string]Attribute // without the built-in id, tenant, roles
	Explain     bool                 // `allow: [explain]`
	Allow       map[string]bool      // everything in `allow:`
	Periods     map[string]Period    // of memberships that have one, by tenant
	Unfiltered  bool
	Impersonate Impersonation // `may_impersonate`
	at          document.Place
}

// Period bounds a membership, in days of UTC: From is the first, Until the first one after it. Empty is open. The form is
// 2006-01-02, which orders as text.
type Period struct{ From, Until string }

// Attribute is a typed value of a user. Text is PostgreSQL's text input for Type (array literals for arrays).
type Attribute struct {
	Type expr.Type
	Text string
	List []string // of an array: its elements
}

// model tells what was bound at once from what was bound another time.
type model struct{ _ int }

// SameModel says whether two snapshots differ in people at most: one was amended from the other, or both from a third. What a statement means is the same under
// both, and what a plan gives depends on its subject alone.
func (s *Snapshot) SameModel(other *Snapshot) bool {
	return s == other || s != nil && other != nil && s.model != nil && s.model == other.model && s.Schema == other.Schema
}

// EntityOf returns the entity mapped to a relation, or nil.
func (s *Snapshot) EntityOf(name RelationName) *Entity { return s.byRelation[name] }

// Allows says whether somebody has a word of `allow:`.
func (s *Snapshot) Allows(word string) bool {
	for _, r := range s.Roles {
		if r.Allow[word] {
			return true
		}
	}
	for _, t := range s.Tenants {
		for _, r := range t.Roles {
			if r.Allow[word] {
				return true
			}
		}
	}
	for _, u := range s.Users {
		if u.Allow[word] {
			return true
		}
	}
	return false
}
