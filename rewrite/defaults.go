package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// constantDefault parses a column's default and returns it if it is a constant, with or without a cast.
func constantDefault(source string) (*pg.Node, bool) {
	n, err := parseExpression(source)
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
	n, err := parseExpression("NULL::" + c.TypeSQL)
	if err != nil {
		return nil, fmt.Errorf("reading the type of column %s: %w", c.Name, err)
	}
	t := n.GetTypeCast().GetTypeName()
	if t == nil {
		return nil, fmt.Errorf("reading the type of column %s: %q is not a type", c.Name, c.TypeSQL)
	}
	return t, nil
}

// parseExpression parses an expression that the server wrote.
func parseExpression(source string) (*pg.Node, error) {
	stmts, err := sqltree.Parse("SELECT " + source)
	if err != nil {
		return nil, fmt.Errorf("parsing %q: %w", source, err)
	}
	if len(stmts) != 1 || len(stmts[0].Stmt.GetSelectStmt().GetTargetList()) != 1 {
		return nil, fmt.Errorf("parsing %q: not one expression", source)
	}
	return sqltree.Unlocate(stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().GetVal()), nil
}
