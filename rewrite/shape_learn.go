package rewrite

import (
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// ofShape answers a text from one that differs in literals alone; nil where there is none.
func (c *templates) ofShape(sql, types string, p *plan.Plan) *Template {
	at := c.sights.take()
	defer c.sights.giveBack(at)
	if !at.look(c, sql, types, p) {
		return nil
	}
	t := at.template(sql)
	if t != nil {
		c.byShape.RecordHits(1)
	}
	return t
}

// rewriteByShape answers a text that was not seen before from one that differs in literals alone, or rewrites it and learns for the next.
func (g *Rewriter) rewriteByShape(sql, types string, p *plan.Plan, declared []uint32) *Template {
	c := g.templates
	at := c.sights.take()
	defer c.sights.giveBack(at)
	hasShape := at.look(c, sql, types, p)
	if hasShape {
		if t := at.template(sql); t != nil {
			c.byShape.RecordHits(1)
			return g.remembered(t, sql, p, declared)
		}
	}
	t := g.miss(sql, types, p, declared)
	if !hasShape || !t.mayBeShared() {
		return t
	}
	g.learn(at, sql, t, p, declared)
	if g.proves() {
		return g.triedShape(at, sql, t, p, declared)
	}
	return t
}

// mayBeShared says whether a template is of a kind that texts of one shape may share: one statement that reads or writes rows, and is sent as one.
func (t *Template) mayBeShared() bool {
	if t.Refused != nil || t.secret || len(t.Statements) != 1 || t.Parts != nil {
		return false
	}
	for _, r := range t.refusals {
		if r.Position != 0 {
			return false
		}
	}
	s := t.Statements[0]
	return (s.Kind == Select || s.Kind == Insert || s.Kind == Update || s.Kind == Delete) && len(s.Switches) == 0 && s.Load == nil
}

// learn takes the next step with a shape: the first text of it leaves a mark, the second is worth the making of a template that the third takes. The
// text's own template is what the shared one must come to for it.
func (g *Rewriter) learn(at *sight, sql string, own *Template, p *plan.Plan, declared []uint32) {
	c := g.templates
	switch {
	case at.found == nil:
		c.keep(&shaped{key: string(at.Key)})
	case at.found.state == seen && at.divided == nil:
		next := &shaped{key: string(at.Key), state: divided}
		next.fixed, next.free = dividedLiterals(sql, at.Literals)
		if len(next.free) == 0 {
			next.state = alone
		}
		if len(next.free) > 0 && len(next.fixed) == 0 {
			g.share(next, at, sql, own, p, declared)
		}
		c.keep(next)
		if next.state != divided {
			return
		}
		at.found = next
		at.divide(c, sql)
		fallthrough
	case at.found == nil || at.found.state == seen:
		next := &shaped{key: string(at.Key), fixed: at.divided.fixed, free: at.divided.free}
		g.share(next, at, sql, own, p, declared)
		c.keep(next)
	}
}

// share gives a shape the template that its texts share, if they may.
func (g *Rewriter) share(s *shaped, at *sight, sql string, own *Template, p *plan.Plan, declared []uint32) {
	s.state, s.template = alone, g.shared(s, at, sql, own, p, declared)
	if s.template != nil {
		s.state = ready
	}
}

// shared makes the template of a shape from its text with marks in the place of the free literals, which nothing but the shape decides, and finds the
// marks in what that is rewritten to. It returns nil unless the template filled with the text's own literals is the text's own template.
func (g *Rewriter) shared(s *shaped, at *sight, sql string, own *Template, p *plan.Plan, declared []uint32) *Template {
	text, marks, ok := g.templates.markedText(sql, at.Literals, s.free)
	if !ok {
		return nil
	}
	made := g.anew(text.String(), p, declared)
	if !made.mayBeShared() {
		return nil
	}
	t := *made
	t.Statements = unplacedUses(made.Statements, marks)
	if t.marks, ok = cutAt(&t, marks); !ok {
		return nil
	}
	tried := shaped{free: s.free, template: &t}
	if differ(own, tried.fill(sql, at.Literals)) != nil {
		return nil
	}
	return &t
}

// unplacedUses are statements without the places in the client's text that lie behind a mark: they are others in each text.
func unplacedUses(statements []Statement, marks []mark) []Statement {
	list := slices.Clone(statements)
	for i := range list {
		list[i].Uses = slices.Clone(list[i].Uses)
		for j, u := range list[i].Uses {
			if u.At >= 0 && len(marks) > 0 && u.At > marks[0].from {
				list[i].Uses[j].At = sqltree.Unlocated
			}
		}
	}
	return list
}

// mark is what stands in the place of a literal while a shared template is made.
type mark struct {
	text  string
	class sqltree.LiteralClass
	from  int // in bytes from the start of the text with marks
	at    int // the same in characters from 1
}

// markedText is a text with marks in the place of its free literals: literals of the same classes that stand nowhere else in it. It is false
// where there are no such.
func (c *templates) markedText(sql string, literals []sqltree.Literal, free []uint16) (*strings.Builder, []mark, bool) {
	var text strings.Builder
	marks := make([]mark, len(free))
	done := 0
	characters := 1
	seed := maphash.String(c.seeds[0], sql)
	for i, at := range free {
		l := literals[at]
		m := mark{class: l.Class, text: markFor(l.Class, maphash.Comparable(c.seeds[0], [2]uint64{seed, uint64(i)}))}
		if strings.Contains(sql, strings.Trim(m.text, "'/*")) {
			return nil, nil, false
		}
		between := sql[done:l.Start]
		characters += utf8.RuneCountInString(between)
		text.WriteString(between)
		m.from, m.at = text.Len(), characters
		characters += len(m.text)
		text.WriteString(m.text)
		marks[i], done = m, int(l.End)
	}
	text.WriteString(sql[done:])
	return &text, marks, true
}

// markFor is a literal of a class, made of a hash.
func markFor(class sqltree.LiteralClass, hash uint64) string {
	switch class {
	case sqltree.StringLiteral:
		return "'q" + strconv.FormatUint(hash, 36) + "z'"
	case sqltree.Int4Literal:
		return strconv.FormatUint(1_000_000_000+hash%1_000_000_000, 10)
	case sqltree.Int8Literal:
		return strconv.FormatUint(1_000_000_000_000_000_000+hash%1_000_000_000_000_000_000, 10)
	case sqltree.NumericLiteral:
		return strconv.FormatUint(1_000_000_000+hash%1_000_000_000, 10) + ".25"
	case sqltree.LastComment:
		return "/*q" + strconv.FormatUint(hash, 36) + "z*/"
	default:
		return ""
	}
}

// cutAt cuts the segments of a template at the marks. It is false where one of them, but that of a comment, is not in it.
func cutAt(t *Template, marks []mark) ([]marked, bool) {
	byText := make(map[string]int, len(marks))
	places := make([]marked, len(marks))
	met := make([]bool, len(marks))
	for i, m := range marks {
		if _, twice := byText[m.text]; twice || m.text == "" {
			return nil, false
		}
		byText[m.text] = i
		places[i] = marked{at: m.at, width: len(m.text)}
		met[i] = m.class == sqltree.LastComment
	}
	var cut []segment
	for _, s := range t.segments {
		tokens := sqltree.NewTokenizer(s.text)
		done := 0
		for {
			token, err := tokens.Next()
			if err != nil {
				return nil, false
			}
			if token.Kind == sqltree.EndOfText {
				break
			}
			if i, isMark := byText[s.text[token.Start:token.End]]; isMark {
				cut = append(cut, segment{text: s.text[done:token.Start], literal: i + 1})
				done, met[i] = token.End, true
			}
		}
		cut = append(cut, segment{text: s.text[done:], slot: s.slot})
	}
	t.segments = cut
	for _, is := range met {
		if !is {
			return nil, false
		}
	}
	return places, true
}
