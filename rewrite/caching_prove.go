package rewrite

import (
	"fmt"
	"strings"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// reproved returns a remembered template if the text gives the same one today, and a refusal otherwise.
func (g *Rewriter) reproved(remembered *Template, sql string, p *plan.Plan, declared []uint32) *Template {
	if err := differ(g.anew(sql, p, declared), remembered); err != nil {
		return untrue(sql, err)
	}
	return remembered
}

// remembered is a template that was found, proven again where that is asked for.
func (g *Rewriter) remembered(t *Template, sql string, p *plan.Plan, declared []uint32) *Template {
	if g.proves() {
		return g.reproved(t, sql, p, declared)
	}
	return t
}

func untrue(sql string, err error) *Template {
	t := Refuse(&Refusal{
		Code: StatementDenied, SQLState: stateInternalError, Message: "what was remembered of a statement is not what it is rewritten to",
	})
	t.Cause = fmt.Errorf("comparing what was remembered of %q: %w", sql, err)
	return t
}

// triedShape makes the template that texts of a text's shape would share, and fills it with other literals. It returns the text's own template if the
// shared one is right for each of those, or if there is none, and a refusal otherwise.
func (g *Rewriter) triedShape(at *sight, sql string, own *Template, p *plan.Plan, declared []uint32) *Template {
	s := &shaped{}
	s.fixed, s.free = dividedLiterals(sql, at.Literals)
	if len(s.free) == 0 {
		return own
	}
	if s.template = g.shared(s, at, sql, own, p, declared); s.template == nil {
		return own
	}
	var other sqltree.Shape
	for round := range tries {
		text := s.varied(sql, at.Literals, round)
		if !other.Of(text) || len(other.Literals) != len(at.Literals) {
			return untrue(text, fmt.Errorf("it is of another shape than %q", sql))
		}
		if err := differ(g.anew(text, p, declared), s.fill(text, other.Literals)); err != nil {
			return untrue(text, err)
		}
	}
	return own
}

// tries is how many literals there are for each class in varied.
const tries = 4

// varied is a text with other literals in the place of the free ones, next to each other not the same.
func (s *shaped) varied(sql string, literals []sqltree.Literal, round int) string {
	spellings := map[sqltree.LiteralClass][tries]string{
		sqltree.StringLiteral:  {"''", "'it''s'", "'day'", "'pg_class'"},
		sqltree.Int4Literal:    {"7", "1", "10000", "2147483647"},
		sqltree.Int8Literal:    {"2147483649", "16384000000", "9223372036854775807", "3000000000"},
		sqltree.NumericLiteral: {"0.0", "1.50", "99999999999999999999", "3.25"},
		sqltree.LastComment:    {"/**/", "/*a*/", "/*'*/", "/*--*/"},
	}
	var text strings.Builder
	done := 0
	for i, at := range s.free {
		l := literals[at]
		text.WriteString(sql[done:l.Start])
		text.WriteString(spellings[l.Class][(i+round)%tries])
		done = int(l.End)
	}
	return text.String() + sql[done:]
}
