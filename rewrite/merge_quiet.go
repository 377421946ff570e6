package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
)

// quietJoin says whether a conjunct of a MERGE's join condition may run on target rows before their guard has passed them: it names no column,
// or it compares, by a leakproof =, one of the target's columns with a constant, a parameter or a column. Everything else stands behind the guard.
func (g *Rewriter) quietJoin(n *pg.Node, s *pg.MergeStmt, relation *catalog.Relation) bool {
	if !namesColumns(n, "") {
		return true
	}
	e := n.GetAExpr()
	if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || g.shadowed["="] && len(e.Name) == 1 {
		return false
	}
	if name := strs(e.Name); name[len(name)-1] != "=" || len(name) == 2 && name[0] != pgCatalog {
		return false
	}
	own := refname(s.Relation)
	left, right := ownColumn(e.Lexpr, own, relation), ownColumn(e.Rexpr, own, relation)
	switch {
	case left != nil && right != nil:
		return quietType(left) && left.Type == right.Type
	case left != nil:
		return quietType(left) && g.quietOther(e.Rexpr, s, left)
	case right != nil:
		return quietType(right) && g.quietOther(e.Lexpr, s, right)
	default:
		return false
	}
}

// ownColumn is the target's column that an expression is, by its qualified name.
func ownColumn(n *pg.Node, own string, relation *catalog.Relation) *catalog.Column {
	parts := strs(n.GetColumnRef().GetFields())
	if len(parts) != 2 || parts[0] != own {
		return nil
	}
	return relation.Column(parts[1])
}

// quietType lists types whose = is leakproof against themselves and every type that may stand on its other side.
func quietType(c *catalog.Column) bool {
	if c.Type.Schema != pgCatalog {
		return false
	}
	switch c.Type.Name {
	case "int2", "int4", "int8", "text", "varchar", "bool", "uuid":
		return true
	default:
		return false
	}
}

// quietOther says whether the other side is a value, or a column of the source that cannot be an oid: for those a bigint would be
// converted, which fails for some.
func (g *Rewriter) quietOther(n *pg.Node, s *pg.MergeStmt, c *catalog.Column) bool {
	value := n
	if t := n.GetTypeCast(); t != nil {
		if parts := strs(t.TypeName.GetNames()); len(parts) != 2 || parts[1] != c.Type.Name || parts[0] != pgCatalog || len(t.TypeName.ArrayBounds) > 0 {
			return false
		}
		value = t.Arg
	}
	switch {
	case value.GetAConst() != nil:
		return true
	case value != n:
		return false // A parameter that was declared as a text is cast anew for each row.
	case n.GetColumnRef() == nil:
		return false
	default:
		return c.Type.Name != "int8" || !g.mayGiveOid(s)
	}
}

// mayGiveOid says whether something in a source could be an oid: a type's name, a column, or a parameter without a cast.
func (g *Rewriter) mayGiveOid(s *pg.MergeStmt) bool {
	parameters := 0
	oid := func(m proto.Message) bool {
		switch n := m.(type) {
		case *pg.TypeName:
			parts := strs(n.Names)
			return len(parts) > 0 && parts[len(parts)-1] == "oid"
		case *pg.ColumnRef:
			parts := strs(n.Fields)
			return parts[len(parts)-1] == "tableoid"
		case *pg.TypeCast:
			if n.Arg.GetParamRef() != nil {
				parameters--
			}
		case *pg.ParamRef:
			parameters++
			return parameters > 0
		case *pg.RangeVar:
			return g.hasOid(n, s.WithClause)
		}
		return false
	}
	return contains(s.SourceRelation, oid) || s.WithClause != nil && contains(&pg.Node{Node: &pg.Node_WithClause{WithClause: s.WithClause}}, oid)
}

// hasOid says whether a relation may have an oid among its columns. Of a WITH query that is not known, unless it is one that was looked at.
func (g *Rewriter) hasOid(rv *pg.RangeVar, looked *pg.WithClause) bool {
	if rv.Schemaname == "" {
		return !slices.ContainsFunc(looked.GetCtes(), func(n *pg.Node) bool { return n.GetCommonTableExpr().GetCtename() == rv.Relname })
	}
	r := g.snapshot.Schema.Relations[catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname}]
	return r == nil || slices.ContainsFunc(r.Columns, func(c catalog.Column) bool { return c.Type.Name == "oid" })
}
