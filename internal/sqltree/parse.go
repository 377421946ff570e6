package sqltree

import (
	"errors"
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

// SyntaxError is the parser's refusal, as PostgreSQL words it (SQLSTATE 42601).
type SyntaxError struct {
	Message  string
	Position int // in characters from 1; 0 for unknown
}

// Error is the parser's message.
func (e *SyntaxError) Error() string { return e.Message }

// Parse parses a text of any number of statements. The error is a *LimitError (the text was not given to the parser) or a
// *SyntaxError.
func Parse(sql string) ([]*pg.RawStmt, error) {
	if err := Check(sql); err != nil {
		return nil, err
	}
	tree, err := pg.Parse(sql)
	if err != nil {
		var perr *parser.Error
		if errors.As(err, &perr) {
			return nil, &SyntaxError{Message: perr.Message, Position: perr.Cursorpos}
		}
		return nil, &SyntaxError{Message: err.Error()}
	}
	return tree.GetStmts(), nil
}

// treeVersion is the parser's version, which the deparser wants to see in a tree. A test compares it with the parser's own.
const treeVersion = 170007

// Deparse prints one statement, and Align proves that the print is read back as the same tree. It returns the text and
// the tree that was read back, whose locations are those of the text (bytes from 0).
func Deparse(stmt *pg.Node, aligned Visit) (string, *pg.Node, error) {
	text, err := pg.Deparse(&pg.ParseResult{Version: treeVersion, Stmts: []*pg.RawStmt{{Stmt: stmt}}})
	if err != nil {
		return "", nil, fmt.Errorf("deparsing: %w", err)
	}
	tree, err := pg.Parse(text)
	if err != nil {
		return "", nil, fmt.Errorf("reading back %q: %w", text, err)
	}
	if len(tree.GetStmts()) != 1 {
		return "", nil, fmt.Errorf("reading back %q: %d statements", text, len(tree.GetStmts()))
	}
	again := tree.GetStmts()[0].GetStmt()
	if err := Align(stmt, again, aligned); err != nil {
		return "", nil, fmt.Errorf("reading back %q: %w", text, err)
	}
	return text, again, nil
}
