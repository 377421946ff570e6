package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// changes says whether evaluating an expression twice may give two values: a volatile function does, and so may a sub-select (by
// TABLESAMPLE, LIMIT without an order, or the locks of others).
func (w *walker) changes(n *pg.Node) bool {
	return contains(n, func(m proto.Message) bool {
		switch f := m.(type) {
		case *pg.SubLink:
			return true
		case *pg.FuncCall:
			return w.rewriter.isVolatile(f.Funcname[len(f.Funcname)-1].GetString_().GetSval())
		default:
			return false
		}
	})
}

// namesColumns says whether an expression names a column that is not qualified with the name of an item; an empty one stands for none.
func namesColumns(n *pg.Node, of string) bool {
	return contains(n, func(m proto.Message) bool {
		ref, ok := m.(*pg.ColumnRef)
		return ok && (of == "" || len(ref.Fields) != 2 || ref.Fields[0].GetString_().GetSval() != of)
	})
}

// allQualified says whether every column in an expression has one qualifier, so that it means the same below relations of ours.
func allQualified(n *pg.Node) bool {
	return !contains(n, func(m proto.Message) bool {
		ref, ok := m.(*pg.ColumnRef)
		return ok && len(ref.Fields) != 2
	})
}

// hasSubLink says whether a query has a sub-select in an expression.
func hasSubLink(s *pg.SelectStmt) bool { return anySubLink(selectNode(s)) }

func anySubLink(n *pg.Node) bool {
	return contains(n, func(m proto.Message) bool {
		_, ok := m.(*pg.SubLink)
		return ok
	})
}

func contains(n *pg.Node, is func(proto.Message) bool) bool {
	found := false
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		if found = found || is(m); found {
			return nil
		}
		return sqltree.Children(m, look)
	}
	_ = look("", n)
	return found
}

// hasPath says whether a condition reads other rows than the one at hand.
func hasPath(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(x expr.Expr) {
		switch x := x.(type) {
		case expr.Column:
			found = found || len(x.Path) > 0
		case expr.Exists, expr.SQL:
			found = true
		}
	})
	return found
}
