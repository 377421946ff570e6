package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// needsRelations says whether a statement names something that a relation has and a sub-select in its place has not: a system column, a
// row as a whole, or a column by the relation's schema. It looks at spellings only and may say yes too often, which costs nothing.
func (s *survey) needsRelations() bool {
	names := map[string]bool{}
	for _, rv := range s.relations {
		names[refname(rv)] = true
	}
	for _, ref := range s.references {
		last := ref.Fields[len(ref.Fields)-1].GetString_().GetSval()
		if len(ref.Fields) > 2 || isSystemColumn(last) || len(ref.Fields) == 1 && names[last] {
			return true
		}
	}
	return false
}

// scalars are the names that functions in FROM have anywhere in a statement: a name of theirs may mean a scalar, where it means a row elsewhere.
type scalars struct {
	names map[string]bool
	any   bool // one of them has a name that is not known here
}

// may says whether a name may mean a scalar.
func (s scalars) may(name string) bool { return s.any || s.names[name] }

// add notes a function's alias. Without one it has the function's name.
func (s *scalars) add(f *pg.RangeFunction) {
	if s.names == nil {
		s.names = map[string]bool{}
	}
	if f.Alias != nil {
		s.names[f.Alias.Aliasname] = true
		return
	}
	for _, n := range f.Functions {
		items := n.GetList().GetItems()
		if len(items) == 0 || items[0].GetFuncCall() == nil {
			s.any = true
			return
		}
		parts := strs(items[0].GetFuncCall().Funcname)
		s.names[parts[len(parts)-1]] = true
	}
}

func isSystemColumn(name string) bool {
	switch name {
	case "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax":
		return true
	default:
		return false
	}
}
