package rewrite

import (
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// visibleObjects are the objects of the database that a subject has to do with: the relations that the plan shows, the columns of them that may
// be read, and what belongs to those and speaks of nothing else. All lists are sorted.
type visibleObjects struct {
	oids map[string][]uint32 // by the catalog that has them
	// known are the types that statements may name: those that are shown, and those of columns that may be written.
	known map[uint32]bool
	// whole and partly are relations all of whose columns are shown, and those of which cells are, as OID * 65536 + number.
	whole, partly []uint32
	cells         []int64
	names         visibleNames
}

// visibleNames are the same for views that have no OIDs: what key makes of schemas and names.
type visibleNames struct {
	schemas     []string // plain
	relations   []string
	whole       []string // relations all of whose columns are shown
	cells       []string // columns of others
	numbers     []string // the same, by their numbers
	defaults    []string // columns whose defaults are shown
	types       []string
	routines    []string
	constraints []string // with the relation
	rules       []string
	triggers    []string
	// unique are the names of constraints without the relation, where all of that name are shown.
	unique []string
}

// shapeObjects are the visible objects under plans of one shape.
type shapeObjects struct {
	shape   string
	objects *visibleObjects
}

// visibleObjects are remembered for the shape that asked last: a statement asks for each of its catalogs, and again to be proven.
func (g *Rewriter) visibleObjects(p *plan.Plan) *visibleObjects {
	if last := g.visible.Load(); last != nil && last.shape == p.Shape {
		return last.objects
	}
	objects := newVisibility(g, p).objects()
	g.visible.Store(&shapeObjects{p.Shape, objects})
	return objects
}

// visibility finds them out.
type visibility struct {
	rewriter  *Rewriter
	plan      *plan.Plan
	schema    *catalog.Schema
	relations map[uint32]*shownRelation
	types     map[uint32]bool
	composite map[uint32]bool // composite types in pg_class
	routines  map[uint32]bool
	members   map[string]map[uint32]bool // of extensions
	hidden    map[catalog.Need]bool      // objects that were found to speak of something hidden
	listed    map[catalog.Need]bool      // all objects
}

// shownRelation is a relation that the subject sees.
type shownRelation struct {
	*catalog.Relation
	all     bool
	numbers map[int16]bool // of the columns that are shown
	open    map[int16]bool // of those that are shown as they are: what speaks of others would say what a mask hides
}

func newVisibility(g *Rewriter, p *plan.Plan) *visibility {
	v := &visibility{
		rewriter: g, plan: p, schema: g.snapshot.Schema, relations: map[uint32]*shownRelation{}, types: map[uint32]bool{}, composite: map[uint32]bool{},
		routines: map[uint32]bool{}, members: map[string]map[uint32]bool{}, hidden: map[catalog.Need]bool{}, listed: map[catalog.Need]bool{},
	}
	v.findRelations()
	v.findRoutines()
	v.findTypes()
	v.findObjects()
	return v
}

func (v *visibility) findRelations() {
	for _, e := range v.rewriter.snapshot.Entities {
		if !v.plan.Visible(e.Name) {
			continue
		}
		read := v.plan.Rule(e.Name, catalog.Read)
		r := &shownRelation{Relation: e.Relation, all: read.Kind != plan.NoAccess && read.Columns == nil, numbers: map[int16]bool{}, open: map[int16]bool{}}
		for _, c := range e.Relation.Columns {
			s, shown := read.Columns[c.Name]
			if r.all || shown && read.Kind != plan.NoAccess {
				r.numbers[c.Number] = true
				r.open[c.Number] = r.all || isOpen(s)
			}
		}
		v.relations[e.Relation.OID] = r
	}
}

// findRoutines finds members of extensions, and the functions that the subject may call.
func (v *visibility) findRoutines() {
	for _, e := range v.schema.Extensions {
		for _, m := range e.Members {
			if v.members[m.Class] == nil {
				v.members[m.Class] = map[uint32]bool{}
			}
			v.members[m.Class][m.OID] = true
		}
	}
	maps.Copy(v.routines, v.members["pg_proc"])
	for name, candidates := range v.schema.Functions {
		for _, f := range candidates {
			if f.Schema != pgCatalog && v.rewriter.mayCallListed(f, name, v.plan) {
				v.routines[f.OID] = true
			}
		}
	}
}

// findTypes finds the types of visible columns and rows, of the arguments of functions, and of extensions, and what they are made of.
func (v *visibility) findTypes() {
	var queue []uint32
	for _, t := range v.schema.TypeParts {
		if _, shown := v.relations[t.Relation]; shown && t.Relation != 0 || v.members["pg_type"][t.OID] {
			queue = append(queue, t.OID)
		}
	}
	for _, r := range v.relations {
		for _, c := range r.Columns {
			if r.numbers[c.Number] {
				queue = append(queue, v.typeOf(c)...)
			}
		}
	}
	v.reach(append(queue, v.typesOfRoutines()...), v.types)
	for _, t := range v.schema.TypeParts {
		if v.types[t.OID] && t.Relation != 0 && !v.isRelation(t.Relation) {
			v.composite[t.Relation] = true
		}
	}
}

// reach adds types, and what they are made of, to those that were found.
func (v *visibility) reach(queue []uint32, found map[uint32]bool) {
	parts := map[uint32][]uint32{}
	for _, t := range v.schema.TypeParts {
		parts[t.OID] = t.Parts
	}
	for len(queue) > 0 {
		oid := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if found[oid] || oid < firstNormalObject {
			continue
		}
		found[oid] = true
		queue = append(queue, parts[oid]...)
	}
}

// typeOf is the OID of a column's type, if it is there.
func (v *visibility) typeOf(c catalog.Column) []uint32 {
	if info := v.schema.Types[catalog.TypeName{Schema: c.Type.Schema, Name: c.Type.Name}]; info != nil {
		return []uint32{info.OID}
	}
	return nil
}

func (v *visibility) isRelation(oid uint32) bool {
	return v.rewriter.relations[oid]
}

func (v *visibility) typesOfRoutines() []uint32 {
	var oids []uint32
	for _, candidates := range v.schema.Functions {
		for _, f := range candidates {
			if !v.routines[f.OID] {
				continue
			}
			for _, written := range append(slices.Clone(f.Args), f.Returns) {
				schema, name, _ := strings.Cut(strings.TrimSuffix(written, "[]"), ".")
				if info := v.schema.Types[catalog.TypeName{Schema: schema, Name: name}]; info != nil {
					oids = append(oids, info.OID)
				}
			}
		}
	}
	return oids
}

// findObjects takes away what speaks of something hidden until nothing is left to be taken away.
func (v *visibility) findObjects() {
	for _, o := range v.schema.Objects {
		v.listed[catalog.Need{Class: o.Class, OID: o.OID}] = true
	}
	for changed := true; changed; {
		changed = false
		for _, o := range v.schema.Objects {
			self := catalog.Need{Class: o.Class, OID: o.OID}
			if !v.hidden[self] && !v.mayShow(o) {
				v.hidden[self], changed = true, true
			}
		}
	}
}

func (v *visibility) mayShow(o catalog.Object) bool {
	owned := o.On != 0
	for _, n := range o.Needs {
		if !v.has(n) {
			return false
		}
		owned = owned || n.Class == "pg_type" || n.Class == "pg_class" && n.Column > 0
	}
	if !owned && o.Kind == 'S' {
		return v.relations[o.OID] != nil
	}
	return owned
}

// has says whether something that an object speaks of is visible.
func (v *visibility) has(n catalog.Need) bool {
	if n.OID < firstNormalObject {
		return true
	}
	switch n.Class {
	case "pg_class":
		if r := v.relations[n.OID]; r != nil {
			return n.Column == 0 || n.Column == catalog.EveryColumn && r.all || r.open[n.Column]
		}
		return v.composite[n.OID] || v.shown(catalog.Need{Class: n.Class, OID: n.OID})
	case "pg_type":
		return v.types[n.OID]
	case "pg_proc":
		return v.routines[n.OID]
	default:
		return v.shown(catalog.Need{Class: n.Class, OID: n.OID})
	}
}

func (v *visibility) shown(self catalog.Need) bool { return v.listed[self] && !v.hidden[self] }

// key is how names are compared: as PostgreSQL's quote_literal writes each, so that no two keys are the same text.
func key(names ...string) string {
	var b []byte
	for i, name := range names {
		if i > 0 {
			b = append(b, '.')
		}
		b = sqltree.QuoteLiteral(b, name)
	}
	return string(b)
}
