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

// grantSet is what subjects with the same roles share: the grants and everything that may come out differently for two of them.
type grantSet struct {
	key       string
	grants    []held
	questions []question // in a stable order
	slots     []string   // of me that any grant may use, sorted
}

// question is something that the form of some rule depends on.
type question struct {
	text string
	term expr.Expr
}

// template is a subject's rules with Me left open, made when they are first asked for.
type template struct {
	digest  string
	builder *builder
	lock    sync.Mutex
	rules   map[operation]Rule
}

func newGrantSet(s *catalog.Snapshot, key string, grants []held) *grantSet {
	set := &grantSet{key: key, grants: grants}
	b := &builder{snapshot: s, held: grants}
	seen, names := map[string]bool{}, map[string]bool{}
	ask := func(text string, term expr.Expr) {
		if !seen[text] {
			seen[text] = true
			set.questions = append(set.questions, question{text, term})
		}
		if me, ok := term.(expr.Me); ok && !names[me.Name] {
			names[me.Name] = true
			set.slots = append(set.slots, me.Name)
		}
	}
	b.eachCondition(func(made condition, values []expr.Expr) {
		for _, part := range append(made.parts(), values...) {
			b.decisions(part, ask)
		}
	})
	slices.Sort(set.slots)
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

// template makes what a subject's rules come from. Nothing of it is shared with another subject: what two of them have in common is told
// by the digest of the rules themselves, and by nothing that might forget a value which a rule was folded with.
func (g *grantSet) template(s *catalog.Snapshot, me map[string]catalog.Attribute) *template {
	t := &template{builder: &builder{snapshot: s, held: g.grants, me: me}, rules: map[operation]Rule{}}
	t.digest = t.ruleDigest(s)
	return t
}

// ruleDigest is a hash over every rule, with Me left open.
func (t *template) ruleDigest(s *catalog.Snapshot) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", s.Version, s.Schema.Digest)
	for _, entity := range slices.Sorted(maps.Keys(s.Entities)) {
		for _, action := range t.actions(entity) {
			r := t.rule(operation{entity, action})
			fmt.Fprintf(h, "%q %q %d %s %s\n", entity, action, r.Kind, expr.Text(r.Filter), expr.Text(r.Check))
			fmt.Fprintf(h, "%t %t\n", r.Columns == nil, r.Writable == nil)
			for _, name := range slices.Sorted(maps.Keys(r.Columns)) {
				fmt.Fprintf(h, "column %q %s\n", name, expr.Text(r.Columns[name].Raw))
				for _, m := range r.Columns[name].Masks {
					fmt.Fprintf(h, "mask %s %s\n", expr.Text(m.When), expr.Text(m.Value))
				}
			}
			for _, name := range slices.Sorted(maps.Keys(r.Writable)) {
				fmt.Fprintf(h, "writable %q %s\n", name, expr.Text(r.Writable[name]))
			}
			for _, name := range slices.Sorted(maps.Keys(r.Presets)) {
				fmt.Fprintf(h, "preset %q %s\n", name, expr.Text(r.Presets[name]))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (t *template) rule(o operation) Rule {
	t.lock.Lock()
	defer t.lock.Unlock()
	r, made := t.rules[o]
	if !made {
		r = t.builder.rule(o)
		t.rules[o] = r
	}
	return r
}

// actions are those that some grant names for an entity.
func (t *template) actions(entity string) []catalog.Action {
	var actions []catalog.Action
	for _, h := range t.builder.held {
		permission := t.builder.snapshot.Permissions[h.grant.Permission]
		if permission == nil {
			continue
		}
		for _, o := range permission.Operations {
			if o.Entity == entity && !slices.Contains(actions, o.Action) {
				actions = append(actions, o.Action)
			}
		}
	}
	return actions
}
