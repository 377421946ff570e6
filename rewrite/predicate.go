package rewrite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// Predicate is a condition as SQL text, for whoever asks the database about rows without a client's statement: explanations, tests, and
// adapters that filter by themselves. Its text is the very print that statements get.
type Predicate struct {
	segments []segment
	types    map[string]expr.Type
}

// Predicate prints a condition, exactly with its three values, over the columns of a table that stands in a statement under a name.
func (g *Rewriter) Predicate(e expr.Expr, name string) (*Predicate, error) {
	node, err := g.printer().exact(e, rows{aliased(name)})
	if err != nil {
		return nil, err
	}
	b := newBuilder("")
	query := selectNode(selectFrom([]*pg.Node{target(node, "")}, nil, nil))
	text, _, err := sqltree.Deparse(query, b.aligned)
	if err != nil {
		return nil, fmt.Errorf("printing a condition: %w", err)
	}
	b.add(text, Statement{Kind: Select}, nil)
	t, err := b.template()
	if err != nil {
		return nil, err
	}
	t.segments[0].text = strings.TrimPrefix(t.segments[0].text, "SELECT ")
	made := &Predicate{segments: t.segments, types: map[string]expr.Type{}}
	expr.Walk(e, func(x expr.Expr) {
		if me, ok := x.(expr.Me); ok {
			made.types[me.Name] = me.Type
		}
	})
	return made, nil
}

// Text is the condition with the values of a subject in it.
func (p *Predicate) Text(v *Values) (string, error) {
	var b strings.Builder
	for _, s := range p.segments {
		b.WriteString(s.text)
		if s.slot == "" {
			continue
		}
		value, ok := v.slot(s.slot)
		if !ok {
			return "", fmt.Errorf("the subject has no value for me.%s", s.slot)
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// Parameter is a parameter of a Predicate: which of me.* fills it, and its type.
type Parameter struct {
	Name string
	Type expr.Type
}

// Parameters is the condition with $1, $2 and so on in the place of the subject's values, and what they stand for.
func (p *Predicate) Parameters() (string, []Parameter) {
	var b strings.Builder
	var list []Parameter
	for _, s := range p.segments {
		b.WriteString(s.text)
		if s.slot == "" {
			continue
		}
		at := slices.IndexFunc(list, func(q Parameter) bool { return q.Name == s.slot })
		if at < 0 {
			at = len(list)
			list = append(list, Parameter{s.slot, p.types[s.slot]})
		}
		b.WriteString("$" + strconv.Itoa(at+1))
	}
	return b.String(), list
}
