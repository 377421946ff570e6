package rewrite

import (
	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// Rewriter rewrites statements against one snapshot. It is safe for concurrent use.
type Rewriter struct {
	snapshot *catalog.Snapshot
}

// New makes a Rewriter for a snapshot.
func New(s *catalog.Snapshot) *Rewriter { return &Rewriter{snapshot: s} }

// Rewrite turns the text of one Query message (any number of statements) or Parse message (the wire refuses more
// than one there) into a Template. It never fails: what may not be sent becomes a Template that refuses.
func (r *Rewriter) Rewrite(sql string, p *plan.Plan) *Template {
	return Refuse(&Refusal{Code: "statement_denied", SQLState: "42501", Message: "permission denied"})
}

// Refuse makes the Template of a refusal.
func Refuse(r *Refusal) *Template { return &Template{Refused: r, refusals: []*Refusal{r}} }

// NewValues quotes the plan's values once for all the statements of a session.
func NewValues(p *plan.Plan, mark string) *Values { return &Values{Plan: p, Mark: mark} }

// AppendSQL appends the text to send to dst.
func (t *Template) AppendSQL(dst []byte, v *Values) []byte { return dst }

// Position maps a position in the rendered text, as ErrorResponse's P field has it, to one in the client's own text. Both count
// characters from 1; 0 is unknown.
func (t *Template) Position(v *Values, server int) int { return 0 }

// Refusal returns what the client is to be told instead of a server error with this message text, or nil where
// the error is PostgreSQL's own.
func (t *Template) Refusal(message string, v *Values) *Refusal { return nil }
