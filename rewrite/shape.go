package rewrite

import (
	"encoding/binary"
	"sync"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Texts that differ in literals alone share a template, into which each puts its own. docs/adr/0028 says why that is sound.

// shaped is what is known of the texts of one shape, or of those of them whose fixed literals say the same. It is immutable.
type shaped struct {
	// key is the shape, declared types and the plan's shape; behind them, where that decides, what the fixed literals say.
	key   string
	state shapeState
	// fixed and free divide the literals of the shape, by their places among them.
	fixed, free []uint16
	template    *Template // of ready
}

// shapeState is how far the making of a shared template has come.
type shapeState int

const (
	seen    shapeState = iota // once; the next text of the shape is worth the effort
	divided                   // the fixed literals are known, and what they say is part of the key of others
	ready                     // there is a template
	alone                     // texts of the shape share nothing
)

// sight is one look at a text's shape. It is used again: what it holds is valid until it is put back.
type sight struct {
	sqltree.Shape
	found *shaped // by Key; nil where there is none
	// divided is what was found by the shape alone, where found is, or would be, by the fixed literals too.
	divided *shaped
}

// sights are not in use. A pool has one list for each processor, so nobody waits.
type sights struct{ pool sync.Pool }

func (s *sights) take() *sight {
	if at, ok := s.pool.Get().(*sight); ok {
		return at
	}
	return &sight{}
}

func (s *sights) giveBack(at *sight) {
	at.found, at.divided = nil, nil
	s.pool.Put(at)
}

// look finds what is known of a text's shape. It is false for a text that has none, or no literals.
func (at *sight) look(c *templates, sql, types string, p *plan.Plan) bool {
	if !at.Of(sql) || len(at.Literals) == 0 {
		return false
	}
	at.Key = append(at.Key, 0) // which no shape has in it
	at.Key = binary.AppendUvarint(at.Key, uint64(len(types)))
	at.Key = append(append(at.Key, types...), p.Shape...)
	at.found = c.found(at.Key)
	if at.found != nil && at.found.state == divided {
		at.divide(c, sql)
	}
	return true
}

// divide goes on with what the fixed literals say.
func (at *sight) divide(c *templates, sql string) {
	at.divided = at.found
	for _, i := range at.divided.fixed {
		l := at.Literals[i]
		at.Key = binary.AppendUvarint(at.Key, uint64(l.End-l.Start)) //nolint:gosec // a literal is not shorter than nothing
		at.Key = append(at.Key, sql[l.Start:l.End]...)
	}
	at.found = c.found(at.Key)
}

// filled is a template with room for the places of some literals: one allocation where there are no more.
type filled struct {
	Template
	few [8]sqltree.Literal
}

// template is the shared one with a text's own literals, or nil where there is none.
func (at *sight) template(sql string) *Template {
	if at.found == nil || at.found.state != ready {
		return nil
	}
	return at.found.fill(sql, at.Literals)
}

// fill puts a text's own literals into the shared template.
func (s *shaped) fill(sql string, literals []sqltree.Literal) *Template {
	f := &filled{Template: *s.template}
	f.sql, f.literals = sql, f.few[:0]
	if len(s.free) > len(f.few) {
		f.literals = make([]sqltree.Literal, 0, len(s.free))
	}
	for _, i := range s.free {
		f.literals = append(f.literals, literals[i])
	}
	return &f.Template
}

// literal is the client's own spelling of one of the literals that a shared template takes, by number from 1.
func (t *Template) literal(number int) string {
	l := t.literals[number-1]
	return t.sql[l.Start:l.End]
}

// marked is a literal of the text that a shared template was made of: where it begins, in characters from 1, and how many it has.
type marked struct{ at, width int }
