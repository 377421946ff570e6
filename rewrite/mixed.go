package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// PostgreSQL brings each value of INSERT ... VALUES to its column's type by itself. In a sub-select, where a check stands around them, the
// values of a column must find a type that they have in common first. Rows for which that is not certain are checked in RETURNING.

// openValue is a value that takes the type of its column: a string, NULL, a parameter or DEFAULT.
const openValue = ""

// unsureValue is a value of a type that is not known here.
const unsureValue = "?"

// mixesTypes says whether the values of a column in several rows may be of types that have none in common.
func (src *source) mixesTypes() bool {
	if src.query == nil || len(src.query.ValuesLists) < 2 {
		return false
	}
	for at := range src.query.ValuesLists[0].GetList().GetItems() {
		if src.mixesColumn(at) {
			return true
		}
	}
	return false
}

func (src *source) mixesColumn(at int) bool {
	kinds := map[string]bool{}
	for _, r := range src.query.ValuesLists {
		if items := r.GetList().GetItems(); at < len(items) {
			kinds[valueKind(items[at])] = true
		}
	}
	open := kinds[openValue]
	delete(kinds, openValue)
	if kinds["numeric"] {
		delete(kinds, "int4")
	}
	switch {
	case len(kinds) > 1:
		return true
	case len(kinds) == 0 || !open:
		return false
	}
	c := src.columnAt(at)
	for kind := range kinds {
		return c == nil || !fits(kind, c)
	}
	return false
}

// columnAt is the column that a place in VALUES is for; nil where it is not known, or is only a part of one.
func (src *source) columnAt(at int) *catalog.Column {
	switch {
	case len(src.names) == 0 && at < len(src.relation.Columns):
		return &src.relation.Columns[at]
	case at < len(src.names) && len(src.names[at].GetResTarget().GetIndirection()) == 0:
		return src.relation.Column(src.names[at].GetResTarget().GetName())
	default:
		return nil
	}
}

// fits says whether values of a kind can stand beside values of a column's own type.
func fits(kind string, c *catalog.Column) bool {
	if c.Type.Schema != pgCatalog || c.Type.Array {
		return false
	}
	switch c.Type.Name {
	case "int2", "int4", "int8", "numeric", "float4", "float8":
		return kind == "int4" || kind == "numeric"
	default:
		return kind == c.Type.Name
	}
}

// valueKind is the type of a value whose text tells it.
func valueKind(n *pg.Node) string {
	switch v := n.GetNode().(type) {
	case *pg.Node_ParamRef, *pg.Node_SetToDefault:
		return openValue
	case *pg.Node_AConst:
		return constantType(v.AConst)
	case *pg.Node_AExpr: // a sign before a number
		if e := v.AExpr; e.Kind == pg.A_Expr_Kind_AEXPR_OP && e.Lexpr == nil && e.Rexpr.GetAConst() != nil {
			if kind := constantType(e.Rexpr.GetAConst()); kind != openValue {
				return kind
			}
		}
	case *pg.Node_TypeCast:
		t := v.TypeCast.TypeName
		if names := strs(t.GetNames()); len(names) > 0 && len(t.GetArrayBounds()) == 0 {
			return strings.TrimPrefix(strings.Join(names, "."), pgCatalog+".")
		}
	case *pg.Node_SqlvalueFunction:
		return "function " + v.SqlvalueFunction.Op.String()
	case *pg.Node_FuncCall:
		return "function " + strings.Join(strs(v.FuncCall.Funcname), ".")
	case *pg.Node_AArrayExpr:
		return "array"
	}
	return unsureValue
}

func constantType(c *pg.A_Const) string {
	switch c.Val.(type) {
	case *pg.A_Const_Ival:
		return "int4"
	case *pg.A_Const_Fval:
		return "numeric"
	case *pg.A_Const_Boolval:
		return "bool"
	case *pg.A_Const_Bsval:
		return "bit"
	default:
		return openValue
	}
}
