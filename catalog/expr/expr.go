// Package expr is the one intermediate representation of conditions: what a `where:` in the policy, a tenant
// boundary and an owner scope become after they were parsed and typed.
//
// It has several consumers (the SQL printer in rewrite, later the local check and the plan's JSON) and one
// meaning: SQL's three-valued logic over one row, called the row at hand. Only TRUE passes.
//
// Values are immutable once built. Every node is plain data: no parser trees, no positions, no behaviour.
package expr

// Expr is a boolean or scalar expression over the row at hand, the session user (Me) and constants.
// The set of implementations is closed; a switch over it refuses what it does not know.
type Expr interface{ isExpr() }

// Type is a PostgreSQL type without modifiers. Schema and Name are those of pg_type, so int is
// {pg_catalog int4}; Array says that it is the array type over that element type.
type Type struct {
	Schema, Name string
	Array        bool
}

// Const is a literal. Text is PostgreSQL's text input for Type; it is ignored where Null is set.
type Const struct {
	Type Type
	Text string
	Null bool
}

// Bool is the constant TRUE or FALSE.
type Bool bool

// Column is a column of the row at hand or, where Path is not empty, of the row reached from it over to-one
// relations. A path that breaks (no such row, NULL key) yields NULL.
type Column struct {
	Path []Hop
	Name string
	Type Type
}

// Hop is one step over a to-one relation: the row of Schema.Table whose Theirs columns equal our Ours columns.
// Where further restricts the row that may be reached (`always:` of the entity, its boundary); nil is no restriction.
type Hop struct {
	Relation      string
	Schema, Table string
	On            []Pair
	Where         Expr
}

// Pair is one equality of a hop's join: a column of the row at hand and a column of the next row.
type Pair struct{ Ours, Theirs string }

// Me is an attribute of the session's subject, read as Type. `id`, `tenant` and `roles` are built in. It is a slot:
// the plan's shape keeps it, the subject's values fill it.
type Me struct {
	Name string
	Type Type
}

// And, Or and Not are SQL's. An empty And is TRUE, an empty Or is FALSE.
type (
	And struct{ Terms []Expr }
	Or  struct{ Terms []Expr }
	Not struct{ Term Expr }
)

// CompareOp is one of = <> < <= > >=.
type CompareOp string

// The comparison operators of conditions.
const (
	Eq CompareOp = "="
	Ne CompareOp = "<>"
	Lt CompareOp = "<"
	Le CompareOp = "<="
	Gt CompareOp = ">"
	Ge CompareOp = ">="
)

// Compare is Left Op Right; both sides have comparable types.
type Compare struct {
	Op          CompareOp
	Left, Right Expr
}

// In is Left IN (List...); List is never empty.
type In struct {
	Left Expr
	List []Expr
}

// EqAny is Left = ANY (Array).
type EqAny struct{ Left, Array Expr }

// IsNull is Operand IS NULL; IS NOT NULL is Not{IsNull}.
type IsNull struct{ Operand Expr }

func (Const) isExpr()   {}
func (Bool) isExpr()    {}
func (Column) isExpr()  {}
func (Me) isExpr()      {}
func (And) isExpr()     {}
func (Or) isExpr()      {}
func (Not) isExpr()     {}
func (Compare) isExpr() {}
func (In) isExpr()      {}
func (EqAny) isExpr()   {}
func (IsNull) isExpr()  {}
