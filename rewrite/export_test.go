package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Prove runs the proof alone on a text as the server would read it, with its slots unfilled.
func (g *Rewriter) Prove(sql string, p *plan.Plan) error {
	stmts, err := sqltree.Parse(sql)
	if err != nil {
		return err
	}
	return g.prove(stmts[0].Stmt, p, nil)
}

// Unfilled is the text of a template with its slots as the proof sees them.
func (t *Template) Unfilled() string {
	var text strings.Builder
	for _, s := range t.plain().segments {
		text.WriteString(s.text)
		if s.slot != "" {
			text.WriteString("'" + slotPrefix + s.slot + "'")
		}
	}
	return text.String()
}

// Quiet lists the operators that may run on hidden rows although PostgreSQL does not mark them as leakproof, but for patterns.
func (g *Rewriter) Quiet() []string {
	var found []string
	for key, o := range g.leaks.operators {
		left, right := known{safe: true, typ: o.Left}, known{safe: true, typ: o.Right}
		if !o.Leakproof && g.leaks.quiet(key.name, o, left, right) {
			found = append(found, o.Left.Name+" "+key.name+" "+o.Right.Name)
		}
	}
	slices.Sort(found)
	return found
}

// ProveStaged runs the proof alone on the statements of a staged COPY.
func (g *Rewriter) ProveStaged(sql string, p *plan.Plan) error {
	stmts, err := sqltree.Parse(sql)
	if err != nil {
		return err
	}
	var group []*pg.Node
	for _, s := range stmts {
		group = append(group, s.Stmt)
	}
	return g.proveStaged(group, p)
}

// Differ says in what two templates for one text differ; nil where they are the same.
func Differ(want, got *Template) error { return differ(want, got) }
