package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// A new row is checked in one of two places. Where the statement's text gives every value that the condition looks at, the check
// stands in front of the write, before any constraint can tell whether such a row exists: around an INSERT's source, or
// in the first expression of a SET. Where defaults, triggers or generated columns decide last, the final row is checked in RETURNING.

// place is where a writing statement stands.
type place int

const (
	topLevel place = iota
	insideWith
)

// checkColumn is the name of the column that carries a check in RETURNING.
const checkColumn = "ww_check"

// newRowCondition is what a row written under a rule must satisfy.
func newRowCondition(r plan.Rule) expr.Expr {
	switch {
	case r.Check != nil:
		return r.Check
	case r.Kind == plan.FullAccess:
		return expr.Bool(true)
	default:
		return expr.Bool(false)
	}
}

// violation registers the refusal of a row check and returns its number.
func (w *walker) violation(relation *catalog.Relation, kind string) int {
	w.refusals = append(w.refusals, &Refusal{
		Code: RowCheckViolation, SQLState: stateInsufficientPrivilege,
		Message: "new row violates row-level security policy " + kind + "for table \"" + relation.Name + "\"",
	})
	return w.first + len(w.refusals) - 1
}

// required is a boolean that is TRUE for a row that satisfies the condition, and fails for any other.
func (w *walker) required(condition expr.Expr, r row, relation *catalog.Relation) (*pg.Node, error) {
	node, err := w.rewriter.condition(condition, r)
	if err != nil {
		return nil, err
	}
	return orRaise(node, w.violation(relation, "")), nil
}

// checkReturning checks final rows in RETURNING. At the top level the check is a column of its own, always NULL, which the reply loop takes
// out again; inside WITH, whose columns others may read with *, it is folded into the first column.
func (w *walker) checkReturning(list []*pg.Node, condition expr.Expr, name string, relation *catalog.Relation, at place) ([]*pg.Node, error) {
	check, err := w.required(condition, aliased(name), relation)
	if err != nil {
		return nil, err
	}
	return w.returnCheck(list, check, name, relation, at)
}

// returnCheck puts a check into RETURNING.
func (w *walker) returnCheck(list []*pg.Node, check *pg.Node, name string, relation *catalog.Relation, at place) ([]*pg.Node, error) {
	if at == insideWith && len(list) > 0 {
		return w.foldCheck(list, check, name, relation)
	}
	if at == topLevel {
		w.hidden = HiddenColumn
		if len(list) == 0 {
			w.hidden = HiddenRows
		}
	}
	return append(list, target(caseWhen(check, cast(null(), builtinType("bool")), nil), checkColumn)), nil
}

func (w *walker) foldCheck(list []*pg.Node, check *pg.Node, name string, relation *catalog.Relation) ([]*pg.Node, error) {
	first := list[0].GetResTarget()
	fields := first.GetVal().GetColumnRef().GetFields()
	if len(fields) == 0 {
		return nil, w.deny(OperationDenied, stateFeatureNotSupported, "the first RETURNING column of this WITH query must be a plain column").
			hint("The rows of table %q are checked after its triggers and defaults; begin RETURNING with one of its columns.", relation.Name)
	}
	if fields[len(fields)-1].GetAStar() != nil {
		if len(fields) > 1 && fields[0].GetString_().GetSval() != name || len(list) > 1 {
			return nil, w.deny(OperationDenied, stateFeatureNotSupported, "RETURNING * of this WITH query must be written as a list of columns")
		}
		list = nil
		for _, c := range relation.Columns {
			list = append(list, target(column(name, c.Name), ""))
		}
		first = list[0].GetResTarget()
		fields = first.Val.GetColumnRef().Fields
	}
	if first.Name == "" {
		first.Name = fields[len(fields)-1].GetString_().GetSval()
	}
	first.Val = caseWhen(check, first.Val, nil)
	return list, nil
}

// typed gives a value of unknown type (a string constant, NULL, a parameter) the type of the column that it is written to, as
// PostgreSQL does for values written directly: without the modifier, whose rules differ between casts and assignments.
func typed(value *pg.Node, c *catalog.Column) *pg.Node {
	constant := value.GetAConst()
	if value.GetParamRef() == nil && (constant == nil || constant.GetSval() == nil && !constant.Isnull) {
		return value
	}
	given := cast(value, typeNode(c.Type))
	if b := boolConstant(given); b != nil {
		return b
	}
	return given
}

// stored is a value as the column will store it: a condition must judge 999.6 as the 1000 that an integer column makes of it.
func (w *walker) stored(value *pg.Node, c *catalog.Column) (*pg.Node, error) {
	t, err := w.rewriter.declaredType(c)
	if err != nil {
		return nil, err
	}
	return cast(value, t), nil
}

// defaultValue returns what a column gets when the text gives it no value, and whether that is known before the row is made.
func (w *walker) defaultValue(c *catalog.Column) (*pg.Node, bool) {
	if c.Generated || c.Identity || c.Domain {
		return nil, false
	}
	if c.Default == "" {
		return cast(null(), typeNode(c.Type)), true
	}
	return w.rewriter.constantDefault(c.Default)
}
