package catalog

import "github.com/wherewall/wherewall/catalog/expr"

// Snapshot is a validated policy bound to one database's schema: every name resolved, every condition typed. It is
// immutable and shared by all sessions; a reload makes a new one.
type Snapshot struct {
	Schema      *Schema
	Version     string // digest of the policy's documents
	BaseRole    string // empty for none
	Entities    map[string]*Entity
	Permissions map[string]*Permission
	Roles       map[string]*Role
	Tenants     map[string]*Tenant
	Users       map[string]*User
	byRelation  map[RelationName]*Entity
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
	Owner    expr.Expr // a Column, possibly over a path; nil for none
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
}

// Scope is how far a grant reaches. The zero value is ScopeTenant, the narrowest that needs no owner.
type Scope int

// The scopes.
const (
	ScopeTenant Scope = iota // tenantExpr = the session's tenant
	ScopeOwn                 // the same, and owner = the session's user
	ScopeAll                 // no boundary; platform roles only
)

// Role is a named list of grants.
type Role struct {
	Name     string
	Platform bool
	Grants   []Grant
	Explain  bool // `allow: [explain]`: refusals may name permissions and roles
}

// Grant gives a permission within a scope. Where and Check hold, per entity that the permission covers, the compiled
// `where:` and `check:`; an entity absent from Where has no condition, one absent from Check uses Where.
type Grant struct {
	Permission string
	Scope      Scope
	Where      map[string]expr.Expr
	Check      map[string]expr.Expr
	At         string // file:line of the declaration
}

// Tenant is a declared tenant.
type Tenant struct {
	ID     string
	Name   string // for people; may be empty
	Active bool
}

// User is a declared user.
type User struct {
	Name     string
	Active   bool
	Password string // a SCRAM-SHA-256 verifier; empty: cannot log in by password
	// Memberships by tenant ID: the roles held there. One that is not active is left out.
	Memberships map[string][]string
	Roles       []string             // where every entity is global
	Platform    []string             // platform roles
	Attributes  map[string]Attribute // without the built-in id, tenant, roles
	Explain     bool                 // `allow: [explain]`
}

// Attribute is a typed value of a user. Text is PostgreSQL's text input for Type (array literals for arrays).
type Attribute struct {
	Type expr.Type
	Text string
	List []string // of an array: its elements
}

// EntityOf returns the entity mapped to a relation, or nil.
func (s *Snapshot) EntityOf(name RelationName) *Entity { return s.byRelation[name] }
