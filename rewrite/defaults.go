package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// constantDefault parses a column's default and returns it if it is a constant, with or without a cast.
func (g *Rewriter) constantDefault(source string) (*pg.Node, bool) {
	n, err := g.expressions.parse(source)
	if err != nil {
		return nil, false
	}
	bare := n
	if c := n.GetTypeCast(); c != nil {
		bare = c.Arg
	}
	return n, bare.GetAConst() != nil
}

// declaredType is a column's type with its modifier, as format_type prints it.
func (g *Rewriter) declaredType(c *catalog.Column) (*pg.TypeName, error) {
	n, err := g.expressions.parse("NULL::" + c.TypeSQL)
	if err != nil {
		return nil, fmt.Errorf("reading the type of column %s: %w", c.Name, err)
	}
	t := n.GetTypeCast().GetTypeName()
	if t == nil {
		return nil, fmt.Errorf("reading the type of column %s: %q is not a type", c.Name, c.TypeSQL)
	}
	return t, nil
}
