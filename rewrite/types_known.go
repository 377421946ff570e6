package rewrite

import (
	"maps"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// A type tells by its name, by its labels and by its checks. So a type of the database may be named where the catalogs show it, and where a column
// of it may be written: any other is answered like one that is not there.

// knowsType says whether a plan lets a type be named. Whether values may be cast to it is another question.
func (g *Rewriter) knowsType(t expr.Type, p *plan.Plan) bool {
	info := g.snapshot.Schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]
	return info != nil && g.knowsTypeOf(info.OID, p)
}

// knowsTypeOf is knowsType for an OID. All types of PostgreSQL's own are known.
func (g *Rewriter) knowsTypeOf(oid uint32, p *plan.Plan) bool {
	return oid < firstNormalObject || g.visibleObjects(p).known[oid]
}

// knownTypes are the types that are shown, and those of columns that may be written.
func (v *visibility) knownTypes() map[uint32]bool {
	known := maps.Clone(v.types)
	var queue []uint32
	for _, e := range v.rewriter.snapshot.Entities {
		for _, action := range []catalog.Action{catalog.Create, catalog.Update} {
			rule := v.plan.Rule(e.Name, action)
			if rule.Kind == plan.NoAccess {
				continue
			}
			for _, c := range e.Relation.Columns {
				if _, named := rule.Writable[c.Name]; named || rule.Writable == nil {
					queue = append(queue, v.typeOf(c)...)
				}
			}
		}
	}
	v.reach(queue, known)
	return known
}

// attributeType says the same of a name behind a dot, which casts where it is a type's, and may be anything else where it is none's.
func (w *walker) attributeType(name string) bool {
	found, ok := w.rewriter.functions.findType("", name)
	return !ok || w.rewriter.knowsType(expr.Type{Schema: found.Schema, Name: found.Name}, w.plan)
}
