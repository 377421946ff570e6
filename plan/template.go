package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// grantSet is what subjects with the same roles share: the grants and everything that may come out differently for two of them.
type grantSet struct {
	key       string
	grants    []held
	questions []question           // in a stable order
	slots     []string             // of me that any grant may use, sorted
	lock      sync.Mutex           // of templates
	templates map[string]*template // by the answers to the questions
}

// question is something that the form of some rule depends on.
type question struct {
	text string
	term expr.Expr
}

// template is what subjects share whose answers are the same: every rule with Me left open. A rule is made when it is first
// asked for, with the values of whoever came first; the answers say all that rules take from them.
type template struct {
	digest  string
	builder *builder
	lock    sync.Mutex
	rules   map[operation]Rule
}

func newGrantSet(s *catalog.Snapshot, key string, grants []held) *grantSet {
	set := &grantSet{key: key, grants: grants, templates: map[string]*template{}}
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

// answers are how the questions come out for a subject.
func (g *grantSet) answers(b *builder) []byte {
	letters := make([]byte, 0, len(g.questions)+1)
	_, acting := b.me[meTenant]
	if acting {
		letters = append(letters, 't')
	} else {
		letters = append(letters, '-')
	}
	for _, q := range g.questions {
		letters = append(letters, b.decision(q.term))
	}
	return letters
}

// maxTemplates bounds what is kept of one grant set. Attributes that decide much could make many.
const maxTemplates = 1024

func (g *grantSet) template(s *catalog.Snapshot, me map[string]catalog.Attribute) *template {
	b := &builder{snapshot: s, held: g.grants, me: me}
	answers := g.answers(b)
	g.lock.Lock()
	defer g.lock.Unlock()
	if t := g.templates[string(answers)]; t != nil {
		return t
	}
	if len(g.templates) >= maxTemplates {
		clear(g.templates)
	}
	digest := sha256.Sum256([]byte(quote(s.Version) + quote(s.Schema.Digest) + quote(g.key) + string(answers)))
	t := &template{digest: hex.EncodeToString(digest[:]), builder: b, rules: map[operation]Rule{}}
	g.templates[string(answers)] = t
	return t
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
