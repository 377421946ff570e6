package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// grantSet is what subjects with the same roles share: the grants, and the templates that the values of some of them lead to.
type grantSet struct {
	snapshot *catalog.Snapshot
	grants   []held
	slots    []string // of me that any grant may use, sorted
	lock     sync.Mutex
	known    *fork
	made     int // templates in known
}

// template is the rules that one role set gives to subjects of whom the same answers are true, with Me left open. It is immutable.
type template struct {
	held   []held
	digest string
	rules  map[operation]Rule
	of     map[string][]catalog.Action // by entity: those that some grant names, in the order of the grants
}

func newGrantSet(s *catalog.Snapshot, grants []held) *grantSet {
	set := &grantSet{snapshot: s, grants: grants, known: &fork{}}
	b := &builder{snapshot: s, held: grants}
	used := map[string]bool{}
	b.eachCondition(func(made condition, values []expr.Expr) {
		for _, part := range append(made.parts(), values...) {
			for _, me := range slots(part) {
				used[me.Name] = true
			}
		}
	})
	set.slots = slices.Sorted(maps.Keys(used))
	return set
}

// eachCondition visits everything that the grants say.
func (b *builder) eachCondition(visit func(made condition, values []expr.Expr)) {
	for _, h := range b.held {
		permission := b.snapshot.Permissions[h.grant.Permission]
		if permission == nil {
			continue
		}
		for i := range permission.Operations {
			given := &permission.Operations[i]
			o := operation{given.Entity, given.Action}
			if b.snapshot.Entities[o.Entity] == nil {
				continue
			}
			r, _ := reachOf(h)
			for _, of := range []side{oldRows, newRows} {
				if made, why := b.condition(o, cover{h, given}, of); why == "" {
					visit(made, b.values(given, r))
				}
			}
		}
	}
}

// maxTemplates bounds what one role set keeps: conditions that compare me with constants may come out differently for many.
const maxTemplates = 1024

// template is the rules for a subject's values.
func (g *grantSet) template(me map[string]catalog.Attribute) *template {
	a := &answers{schema: g.snapshot.Schema, me: me}
	g.lock.Lock()
	defer g.lock.Unlock()
	if t := g.known.find(a); t != nil {
		return t
	}
	heard := &conversation{}
	a.asked = heard.note
	t := newTemplate(&builder{snapshot: g.snapshot, held: g.grants, subject: a})
	if g.made >= maxTemplates {
		g.known, g.made = &fork{}, 0
	}
	if g.known.grow(heard.path, t) {
		g.made++
	}
	return t
}

func newTemplate(b *builder) *template {
	t := &template{held: b.held, rules: map[operation]Rule{}, of: map[string][]catalog.Action{}}
	for _, h := range b.held {
		permission := b.snapshot.Permissions[h.grant.Permission]
		if permission == nil {
			continue
		}
		for _, given := range permission.Operations {
			o := operation{given.Entity, given.Action}
			if _, made := t.rules[o]; !made {
				t.rules[o] = b.rule(o)
				t.of[o.Entity] = append(t.of[o.Entity], o.Action)
			}
		}
	}
	t.digest = t.ruleDigest(b.snapshot)
	return t
}

// ruleDigest is a hash over every rule, with Me left open.
func (t *template) ruleDigest(s *catalog.Snapshot) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", s.ModelVersion, s.Schema.Digest)
	for _, entity := range slices.Sorted(maps.Keys(t.of)) {
		for _, action := range t.of[entity] {
			r := t.rules[operation{entity, action}]
			fmt.Fprintf(h, "%q %q %d %s %s\n", entity, action, r.Kind, expr.Text(r.Filter), expr.Text(r.Check))
			fmt.Fprintf(h, "%t %t %t\n", r.Columns == nil, r.Writable == nil, r.WritableTo == nil)
			for _, name := range slices.Sorted(maps.Keys(r.Columns)) {
				fmt.Fprintf(h, "column %q %s\n", name, expr.Text(r.Columns[name].Raw))
				for _, m := range r.Columns[name].Masks {
					fmt.Fprintf(h, "mask %s %s\n", expr.Text(m.When), expr.Text(m.Value))
				}
			}
			for _, name := range slices.Sorted(maps.Keys(r.Writable)) {
				fmt.Fprintf(h, "writable %q %s\n", name, expr.Text(r.Writable[name]))
			}
			for _, name := range slices.Sorted(maps.Keys(r.WritableTo)) {
				fmt.Fprintf(h, "writable to %q %s\n", name, expr.Text(r.WritableTo[name]))
			}
			for _, name := range slices.Sorted(maps.Keys(r.Presets)) {
				fmt.Fprintf(h, "preset %q %s\n", name, expr.Text(r.Presets[name]))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
