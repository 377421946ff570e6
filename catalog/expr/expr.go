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
	// Up says how many Exists lie between the column and the row that it belongs to: 0 is the innermost row.
	Up int
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

// Exists says that over a path whose hops may be to-many there is a row for which Where is TRUE. In Where, that row is the row at hand, so all of
// its comparisons mean the same related row.
type Exists struct {
	Path  []Hop
	Where Expr
}

// Distinct is Left IS DISTINCT FROM Right.
type Distinct struct{ Left, Right Expr }

// Like is Left LIKE (or ILIKE) a literal pattern, with the backslash as escape.
type Like struct {
	Left        Expr
	Pattern     string
	Insensitive bool
}

// Contains is Left Op Right on arrays or jsonb; Op is one of && @> <@.
type Contains struct {
	Op          string
	Left, Right Expr
}

// JSONText is Left ->> Key on jsonb.
type JSONText struct {
	Left Expr
	Key  string
}

// Arithmetic is Left Op Right on numbers, or dates and intervals; Op is + or -. Type is the result's.
type Arithmetic struct {
	Op          string
	Left, Right Expr
	Type        Type
}

// Call is one of the functions of conditions: lower, upper, coalesce, length, starts_with, strpos, now, current_date. Type is the result's.
type Call struct {
	Name string
	Args []Expr
	Type Type
}

// Cast is a value read as another type of the listed ones.
type Cast struct {
	Operand Expr
	Type    Type
}

// Case is CASE WHEN ... THEN ... ELSE ... END; a nil Else is NULL.
type Case struct {
	Whens []When
	Else  Expr
	Type  Type
}

// When is one branch of a Case.
type When struct{ If, Then Expr }

// SQL is an opaque scalar or boolean expression (`sql:`, and masks): only PostgreSQL can evaluate it. Text is the expression with the row's columns
// by their bare names and the subject's attributes as me.name; Columns and Me list what it uses.
type SQL struct {
	Text    string
	Columns []string
	Me      []Me
	Type    Type
}

func (Const) isExpr()      {}
func (Bool) isExpr()       {}
func (Column) isExpr()     {}
func (Me) isExpr()         {}
func (And) isExpr()        {}
func (Or) isExpr()         {}
func (Not) isExpr()        {}
func (Compare) isExpr()    {}
func (In) isExpr()         {}
func (EqAny) isExpr()      {}
func (IsNull) isExpr()     {}
func (Exists) isExpr()     {}
func (Distinct) isExpr()   {}
func (Like) isExpr()       {}
func (Contains) isExpr()   {}
func (JSONText) isExpr()   {}
func (Arithmetic) isExpr() {}
func (Call) isExpr()       {}
func (Cast) isExpr()       {}
func (Case) isExpr()       {}
func (SQL) isExpr()        {}
