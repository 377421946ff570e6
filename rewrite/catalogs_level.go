package rewrite

import (
	"errors"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// errOwnLevel ends a search.
var errOwnLevel = errors.New("a part belongs to the query around it")

// ownLevel says whether something in an expression is of the query that it stands in, and would be of another one in a sub-select: a window
// function, and an aggregate that names no column. Aggregates of columns stay with the columns' query.
func ownLevel(n *pg.Node) bool {
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		switch x := m.(type) {
		case *pg.SubLink:
			return nil
		case *pg.GroupingFunc:
			return errOwnLevel
		case *pg.FuncCall:
			if x.Over != nil || x.AggStar || x.AggWithinGroup {
				return errOwnLevel
			}
		}
		return sqltree.Children(m, look)
	}
	return look("", n) != nil
}

// label is the name that PostgreSQL gives to a column of a select list that is an expression. A weak one is a type's, and gives way to any around
// it; empty where there is none.
func label(n *pg.Node) (name string, strong bool) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return last(strs(x.ColumnRef.Fields)), true
	case *pg.Node_FuncCall:
		return last(strs(x.FuncCall.Funcname)), true
	case *pg.Node_AArrayExpr:
		return "array", true
	case *pg.Node_CoalesceExpr:
		return "coalesce", true
	case *pg.Node_CollateClause:
		return label(x.CollateClause.Arg)
	case *pg.Node_AIndirection:
		for i := len(x.AIndirection.Indirection) - 1; i >= 0; i-- {
			if name := x.AIndirection.Indirection[i].GetString_().GetSval(); name != "" {
				return name, true
			}
		}
		return label(x.AIndirection.Arg)
	case *pg.Node_TypeCast:
		if name, strong := label(x.TypeCast.Arg); strong {
			return name, true
		}
		return last(strs(x.TypeCast.TypeName.GetNames())), false
	default:
		return "", false
	}
}

func last(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return parts[len(parts)-1]
}
