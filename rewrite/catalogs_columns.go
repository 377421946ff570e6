package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// summary is what is known of the query that stands in a catalog's place. Nothing in it fails: its filter and its constants are ours.
func (t *catalogTable) summary() summary {
	return summary{outputs: t.outputs(), named: true, ordered: true, guarded: true}
}

// outputs are the columns of a catalog. Those of information_schema are of domains, which conditions are not judged by.
func (t *catalogTable) outputs() []output {
	list := make([]output, len(t.columns))
	for i, c := range t.columns {
		typ := catalogType(c.typ)
		if lookupType(c.typ.Name) {
			typ = pgType("oid")
		}
		list[i] = output{c.name, known{safe: true, typ: typ, plain: !c.constant}}
	}
	return list
}

// catalogType is a type of pg_catalog, whose array types begin with an underscore.
func catalogType(t catalog.TypeName) expr.Type {
	if t.Schema != pgCatalog {
		return expr.Type{}
	}
	name, array := strings.CutPrefix(t.Name, "_")
	return expr.Type{Schema: pgCatalog, Name: name, Array: array}
}

// systemColumn is what stands in the place of a system column of a catalog; nil for any other column. Tools want to know of which catalog an OID
// is, and when a row has changed, which is never.
func (w *walker) systemColumn(parts []string) *pg.Node {
	name := parts[len(parts)-1]
	if !isSystemColumn(name) {
		return nil
	}
	t := w.scope.catalogOf(parts)
	if t == nil || t.view {
		return nil
	}
	switch name {
	case "tableoid":
		return oidConstant(t.oid)
	case "xmin":
		return cast(literal("1"), builtinType("xid"))
	case "xmax":
		return cast(literal("0"), builtinType("xid"))
	case "cmin", "cmax":
		return cast(literal("0"), builtinType("cid"))
	default:
		return cast(literal("(0,0)"), builtinType("tid"))
	}
}

// catalogOf is the catalog that a system column may be of: the one that qualifies it, or the only item of the level that could have it.
func (s *scope) catalogOf(parts []string) *catalogTable {
	if len(parts) > 1 {
		i, _ := s.origin(parts[len(parts)-2])
		return i.catalog
	}
	for ; s != nil; s = s.outer {
		if s.opaque {
			return nil
		}
		var found *catalogTable
		for _, i := range s.origins {
			_, may := i.column(parts[0])
			switch {
			case may || i.catalog != nil && found != nil:
				return nil
			case i.catalog != nil:
				found = i.catalog
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}
