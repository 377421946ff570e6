package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog/expr"
)

// shape is the digest that Plan.Shape documents. The snapshot is part of it: what a name means is too.
func (p *Plan) shape() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %t\n", p.Snapshot.Version, p.Snapshot.Schema.Digest, p.Explain)
	if p.Explain {
		fmt.Fprintf(h, "%q\n", p.Subject.User)
	}
	for _, entity := range slices.Sorted(maps.Keys(p.rules)) {
		for _, action := range slices.Sorted(maps.Keys(p.rules[entity])) {
			r := p.rules[entity][action]
			fmt.Fprintf(h, "%q %q %d %s %s\n", entity, action, r.Kind, expr.Text(r.Filter), expr.Text(r.Check))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// usedValues are the values of the slots in any rule. The user is always there, and the tenant where there is one.
func (p *Plan) usedValues() map[string]string {
	values := map[string]string{}
	use := func(x expr.Expr) {
		if me, ok := x.(expr.Me); ok {
			values[me.Name] = p.me[me.Name].Text
		}
	}
	for _, name := range []string{"id", "tenant"} {
		if v, has := p.me[name]; has {
			values[name] = v.Text
		}
	}
	for _, actions := range p.rules {
		for _, r := range actions {
			expr.Walk(r.Filter, use)
			expr.Walk(r.Check, use)
		}
	}
	return values
}
