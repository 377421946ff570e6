package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// readNames are the names in a condition, sub-selects included. They may stand for more than they do, which costs a guard.
type readNames struct {
	columns    map[string]bool // written alone
	qualifiers map[string]bool
	any        bool // a star, or no name at all
}

func readsOf(n *pg.Node) readNames {
	r := readNames{columns: map[string]bool{}, qualifiers: map[string]bool{}}
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		if ref, ok := m.(*pg.ColumnRef); ok {
			parts := strs(ref.Fields)
			switch {
			case len(parts) > 1:
				r.qualifiers[parts[len(parts)-2]] = true
			case parts[0] == "":
				r.any = true
			default:
				r.columns[parts[0]] = true
			}
		}
		return sqltree.Children(m, look)
	}
	_ = look("", n)
	r.any = r.any || len(r.columns)+len(r.qualifiers) == 0
	return r
}

// stranger says whether one of these names is a column of nothing in a level. A relation that stands itself may have got it since the schema was read.
func (r readNames) stranger(items []*item) bool {
	for name := range r.columns {
		if !slices.ContainsFunc(items, func(i *item) bool { return i.has(name) }) {
			return true
		}
	}
	return false
}

// has says whether an item is a relation, or a catalog, that is known to have a column of a name. What an item is called is no such name, since columns
// go before it, and what a query gives may have another by its alias.
func (i *item) has(name string) bool {
	switch {
	case i.catalog:
		return !i.renamed && slices.ContainsFunc(i.columns, func(o output) bool { return o.name == name })
	case i.relation == nil:
		return false
	default:
		return slices.ContainsFunc(i.relation.Columns, func(c catalog.Column) bool { return i.spelled(c.Name) == name })
	}
}

// spelled is what a statement calls a column of an item's relation.
func (i *item) spelled(column string) string {
	return i.row(column).GetColumnRef().Fields[1].GetString_().GetSval()
}

// item says whether a condition with these names may read a relation.
func (r readNames) item(i *item) bool {
	if r.any || r.qualifiers[i.name] || r.columns[i.name] {
		return true
	}
	for name := range r.columns {
		if isSystemColumn(name) {
			return true
		}
	}
	for _, c := range i.relation.Columns {
		if r.columns[c.Name] || r.columns[i.spelled(c.Name)] {
			return true
		}
	}
	return false
}

// catalog says whether a condition with these names may read a catalog.
func (r readNames) catalog(i *item) bool {
	if r.any || r.qualifiers[i.name] || r.columns[i.name] {
		return true
	}
	for _, c := range i.columns {
		if r.columns[c.name] {
			return true
		}
	}
	return false
}
