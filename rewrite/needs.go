package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// needsRelations says whether a statement names something that a relation has and a sub-select in its place has not: a system column, a
// row as a whole, or a column by the relation's schema. It looks at spellings only and may say yes too often, which costs nothing.
func needsRelations(stmt *pg.Node) bool {
	names := map[string]bool{}
	var refs []*pg.ColumnRef
	var look func(protoreflect.FieldDescriptor, protoreflect.Message) error
	look = func(_ protoreflect.FieldDescriptor, m protoreflect.Message) error {
		switch n := m.Interface().(type) {
		case *pg.RangeVar:
			names[refname(n)] = true
		case *pg.ColumnRef:
			refs = append(refs, n)
		}
		return sqltree.Children(m, look)
	}
	_ = look(nil, stmt.ProtoReflect())
	for _, ref := range refs {
		last := ref.Fields[len(ref.Fields)-1].GetString_().GetSval()
		if len(ref.Fields) > 2 || isSystemColumn(last) || len(ref.Fields) == 1 && names[last] {
			return true
		}
	}
	return false
}

// hasRangeFunction says whether a statement has a function in FROM. Its alias may be a scalar, under a name that means a row elsewhere.
func hasRangeFunction(stmt *pg.Node) bool {
	return contains(stmt, func(m protoreflect.Message) bool {
		_, ok := m.Interface().(*pg.RangeFunction)
		return ok
	})
}

func isSystemColumn(name string) bool {
	switch name {
	case "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax":
		return true
	default:
		return false
	}
}
