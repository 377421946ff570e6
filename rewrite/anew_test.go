package rewrite

import "github.com/wherewall/wherewall/plan"

// Anew rewrites a text as one that was never seen, and remembers nothing.
func (g *Rewriter) Anew(sql string, p *plan.Plan) (*Template, error) {
	t, err := g.rewrite(newBuilder(sql), p, nil)
	if t != nil {
		t.shape = p.Shape
	}
	return t, err
}
