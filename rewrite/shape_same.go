package rewrite

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// plain is a template as the rewriting of its text would have made it: a shared one with the literals of its text as a part of the segments.
func (t *Template) plain() *Template {
	if t.marks == nil {
		return t
	}
	p := *t
	p.marks, p.sql, p.literals, p.segments, p.positions = nil, "", nil, nil, nil
	var text strings.Builder
	moved := t.moved()
	next, marked, own := 0, 0, 0 // positions told, and bytes of the text with marks and of this one, slots aside
	tell := func(end int) {
		for ; next < len(t.positions) && t.positions[next].ours < end; next++ {
			at := t.positions[next]
			p.positions = append(p.positions, position{ours: at.ours - marked + own, theirs: t.shifted(at.theirs, moved)})
		}
	}
	for _, s := range t.segments {
		text.WriteString(s.text)
		if s.literal > 0 {
			literal := t.literal(s.literal)
			tell(marked + len(s.text) + 1)
			text.WriteString(literal)
			marked += len(s.text) + t.marks[s.literal-1].width
			own += len(s.text) + len(literal)
			continue
		}
		tell(marked + len(s.text))
		marked, own = marked+len(s.text), own+len(s.text)
		p.segments = append(p.segments, segment{text: text.String(), slot: s.slot})
		text.Reset()
	}
	return &p
}

// differ says in what two templates for one text differ; nil where they are the same.
func differ(want, got *Template) error {
	want, got = want.plain(), got.plain()
	switch {
	case !reflect.DeepEqual(want.Refused, got.Refused):
		return fmt.Errorf("it is refused with %+v instead of %+v", said(got.Refused), said(want.Refused))
	case !reflect.DeepEqual(want.segments, got.segments):
		return fmt.Errorf("it is sent as %+v instead of %+v", got.segments, want.segments)
	case !reflect.DeepEqual(want.positions, got.positions):
		return fmt.Errorf("its positions are %v instead of %v", got.positions, want.positions)
	case !reflect.DeepEqual(want.refusals, got.refusals):
		return fmt.Errorf("its marks stand for %v instead of %v", got.refusals, want.refusals)
	case !reflect.DeepEqual(want.Statements, placed(got.Statements, want.Statements)):
		return fmt.Errorf("its statements are %+v instead of %+v", got.Statements, want.Statements)
	case want.shape != got.shape || want.secret != got.secret || len(want.Parts) != len(got.Parts):
		return fmt.Errorf("it is of another plan, or sent in other parts")
	}
	for i := range want.Parts {
		if err := differ(want.Parts[i], got.Parts[i]); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	return nil
}

// said is what a refusal says; the zero value for none.
func said(r *Refusal) (words struct{ Code, SQLState, Message string }) {
	if r != nil {
		words.Code, words.SQLState, words.Message = r.Code, r.SQLState, r.Message
	}
	return words
}

// placed are statements with the places of uses that they do not know, if those are known elsewhere.
func placed(statements, elsewhere []Statement) []Statement {
	list := slices.Clone(statements)
	for i := range list {
		list[i].Uses = slices.Clone(list[i].Uses)
		for j, u := range list[i].Uses {
			if u.At < 0 && i < len(elsewhere) && j < len(elsewhere[i].Uses) {
				list[i].Uses[j].At = elsewhere[i].Uses[j].At
			}
		}
	}
	return list
}
