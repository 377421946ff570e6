package sqltree

import (
	"errors"
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
	"google.golang.org/protobuf/proto"
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
	tree, err := parse(sql)
	var failed *parser.Error
	switch {
	case err == nil:
		return tree.GetStmts(), nil
	case errors.As(err, &failed):
		return nil, &SyntaxError{Message: failed.Message, Position: failed.Cursorpos}
	default:
		return nil, &LimitError{Code: CodeTooComplex, SQLState: "54001", Message: "statement is too complex"}
	}
}

// parse enters the parser. A tree deeper than the deparser can bear is an error whatever Check made of its text.
func parse(sql string) (*pg.ParseResult, error) {
	encoded, err := parser.ParseToProtobuf(sql)
	if err != nil {
		return nil, err
	}
	tree := &pg.ParseResult{}
	if err := (proto.UnmarshalOptions{RecursionLimit: maxDecodedDepth}).Unmarshal(encoded, tree); err != nil {
		return nil, fmt.Errorf("decoding the tree: %w", err)
	}
	return tree, nil
}

// maxDecodedDepth is what a tree may reach with our guards in it. The deparser ends the process at about four times that.
const maxDecodedDepth = MaxTreeDepth + 200

// treeVersion is the parser's version, which the deparser wants to see in a tree. A test compares it with the parser's own.
const treeVersion = 170007

// Deparse prints one statement, whose tree it may have to write in another form of the same meaning, and Align proves that the print is read back as the same tree. It returns the text and
// the tree that was read back, whose locations are those of the text (bytes from 0).
func Deparse(stmt *pg.Node, aligned Visit) (string, *pg.Node, error) {
	restore := keepParentheses(stmt)
	text, err := pg.Deparse(&pg.ParseResult{Version: treeVersion, Stmts: []*pg.RawStmt{{Stmt: stmt}}})
	if restore != nil {
		restore()
	}
	if err != nil {
		return "", nil, fmt.Errorf("deparsing: %w", err)
	}
	tree, err := parse(text)
	if err != nil {
		return "", nil, fmt.Errorf("reading the print back: %w", err)
	}
	if len(tree.GetStmts()) != 1 {
		return "", nil, fmt.Errorf("reading the print back: %d statements", len(tree.GetStmts()))
	}
	again := tree.GetStmts()[0].GetStmt()
	if err := Align(stmt, again, aligned); err != nil {
		return "", nil, fmt.Errorf("reading the print back: %w", err)
	}
	return text, again, nil
}
