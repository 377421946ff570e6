package rewrite

import (
	"strings"

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
	for _, s := range t.segments {
		text.WriteString(s.text)
		if s.slot != "" {
			text.WriteString("'" + slotPrefix + s.slot + "'")
		}
	}
	return text.String()
}
