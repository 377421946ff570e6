package catalog

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog/document"
)

// condition is a `where:` or `check:` that PostgreSQL's grammar accepts as one expression. Its meaning depends on the
// entity and is found by compile.
type condition struct {
	source *document.Node
	tree   *pg_query.Node
	opaque bool // `sql:`: whatever PostgreSQL can evaluate, and nobody else
}

const (
	conditionPrefix = "SELECT 1 WHERE "
	// The parser is C code that recurses. These bounds hold before it sees anything.
	maxConditionBytes = 8 << 10
	maxConditionDepth = 200
)

// nesting matches each word or sign that can make an expression one level deeper.
var nesting = regexp.MustCompile(`(?i)[(\[]|[-+*/<>=~!@#%^&|?` + "`" + `]+|::|\b(?:not|and|or|is|isnull|notnull|collate|at|case|when|else|` +
	`between|in|like|ilike|similar|any|some|all|array|row|cast|select|with|union|intersect|except|overlaps|operator|values|exists)\b`)

// condition parses the text of a `where:` or `check:`, or {sql: TEXT}. One that is at fault has no tree.
func (r *policyReader) condition(n *document.Node, what string) *condition {
	if n.Kind != document.Map {
		return r.expression(n, what)
	}
	c := failedCondition(n)
	r.fields(n, what, map[string]func(*document.Node){
		"sql": func(n *document.Node) { c = r.expression(n, what+": sql") },
	})
	if n.Get("sql") == nil {
		r.add(n.Place, CodeWrongShape, "write the condition, or {sql: CONDITION}", "%s has no sql", what)
	}
	c.opaque = true
	return c
}

func (r *policyReader) expression(n *document.Node, what string) *condition {
	if n.Kind == document.Scalar && n.Type == document.Bool {
		n = &document.Node{Kind: document.Scalar, Text: n.Text, Place: n.Place}
	}
	w := r.word(n, what)
	if w == nil {
		return failedCondition(n)
	}
	if fault, at := guardCondition(w.Text); fault != "" {
		r.add(w.Inside(at), CodeConditionSyntax, "", "%s", fault)
		return failedCondition(n)
	}
	tree, at, fault := parseCondition(w.Text)
	if fault != "" {
		r.add(w.Inside(at), CodeConditionSyntax, "", "%s", fault)
		return failedCondition(n)
	}
	return &condition{source: w, tree: tree}
}

// failedCondition stands for a condition that was reported. It has no tree, so that no grant goes without it.
func failedCondition(n *document.Node) *condition { return &condition{source: n} }

func guardCondition(text string) (fault string, at int) {
	if len(text) > maxConditionBytes {
		return "the condition is longer than 8 kB", 0
	}
	if !utf8.ValidString(text) {
		return "the condition is not valid UTF-8", 0
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return "the condition has a zero byte", i
	}
	if found := nesting.FindAllStringIndex(text, maxConditionDepth+1); len(found) > maxConditionDepth {
		return "the condition has more than 200 operators and parentheses", found[maxConditionDepth][0]
	}
	return "", 0
}

// parseCondition returns the expression's tree, or what is wrong and at which byte.
//
// The text stands at the end of a SELECT without parentheses around it: whatever else it might smuggle in (a second
// statement, UNION, ORDER BY) then shows as a part of the tree that the bare SELECT has not.
func parseCondition(text string) (tree *pg_query.Node, at int, fault string) {
	parsed, err := pg_query.Parse(conditionPrefix + text)
	if err != nil {
		return nil, syntaxOffset(err, text), strings.TrimPrefix(err.Error(), "failed to parse SQL: ")
	}
	bare, err := pg_query.Parse(strings.TrimSuffix(conditionPrefix, " WHERE "))
	if err != nil {
		return nil, 0, err.Error()
	}
	if len(parsed.GetStmts()) != 1 {
		return nil, 0, "the condition is more than one expression"
	}
	selected := parsed.GetStmts()[0].GetStmt().GetSelectStmt()
	tree = selected.GetWhereClause()
	if selected == nil || tree == nil {
		return nil, 0, "the condition is not an expression"
	}
	selected.WhereClause = nil
	if !proto.Equal(selected, bare.GetStmts()[0].GetStmt().GetSelectStmt()) {
		return nil, 0, "the condition is more than one expression"
	}
	return tree, 0, ""
}

// syntaxOffset turns the parser's position, in characters of the whole SELECT from 1, into a byte of the condition.
func syntaxOffset(err error, text string) int {
	var syntax *parser.Error
	if !errors.As(err, &syntax) {
		return 0
	}
	chars := syntax.Cursorpos - 1 - len(conditionPrefix)
	for i := range text {
		if chars <= 0 {
			return i
		}
		chars--
	}
	return len(text)
}
