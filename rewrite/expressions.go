package rewrite

import (
	"fmt"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// expressions remembers how the texts of the schema and the policy are parsed: types of columns, defaults, and conditions in SQL. There are as many as
// the two have, and none is a client's. It is safe for concurrent use.
type expressions struct{ parsed sync.Map } // text to *pg.Node, which nobody changes

// parse parses an expression, and returns a node that the caller may change.
func (e *expressions) parse(source string) (*pg.Node, error) {
	if known, ok := e.parsed.Load(source); ok {
		return copyOf(known.(*pg.Node)), nil //nolint:forcetypeassert // nothing else is stored
	}
	n, err := parseExpression(source)
	if err != nil {
		return nil, err
	}
	e.parsed.Store(source, copyOf(n))
	return n, nil
}

// parseExpression parses an expression that the server or the policy wrote.
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
