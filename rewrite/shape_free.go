package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// A literal is free where it stands in a place in which nothing that rewrites a statement looks at more of it than its class: it is carried to the
// server as it is. All others are fixed: what they say is part of what a shared template is found by. The places are listed here, with the way
// to them from the statement's root; a test lists whatever looks at constants, and why it looks at none in these places.

// dividedLiterals divides the literals of a text, by their places among them.
func dividedLiterals(sql string, literals []sqltree.Literal) (fixed, free []uint16) {
	d := divider{sql: sql, literals: literals, free: make([]bool, len(literals)), starts: make(map[int32]int, len(literals))}
	for i, l := range literals {
		d.starts[l.Start] = i
	}
	d.statement()
	for i := range literals {
		if d.free[i] || literals[i].Class == sqltree.LastComment {
			free = append(free, uint16(i)) //nolint:gosec // bounded by MaxShapedLiterals
		} else {
			fixed = append(fixed, uint16(i)) //nolint:gosec // as above
		}
	}
	return fixed, free
}

type divider struct {
	sql      string
	literals []sqltree.Literal
	starts   map[int32]int // places among literals, by where they begin
	free     []bool
}

// statement finds the free literals of a text of one statement, and none in any other.
func (d *divider) statement() {
	stmts, err := sqltree.Parse(d.sql)
	if err != nil || len(stmts) != 1 {
		return
	}
	stmt := stmts[0].Stmt
	switch stmt.GetNode().(type) {
	case *pg.Node_SelectStmt, *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt:
		if !namesCatalogs(stmt) {
			d.visit(stmt)
		}
	}
}

// visit goes down the listed ways only.
func (d *divider) visit(m proto.Message) {
	switch n := m.(type) {
	case *pg.A_Const:
		d.constant(n)
		return
	case *pg.FuncCall:
		if !carriesArguments(n) {
			return
		}
	case *pg.TypeCast:
		if n.Arg.GetAConst() != nil && !carriesCast(n.TypeName) {
			return
		}
	case *pg.A_Expr:
		if counts(n) {
			d.visit(n.Lexpr)
			return
		}
	case *pg.SelectStmt:
		if n.LimitOffset.GetAConst() != nil && d.isSigned(n.LimitOffset.GetAConst()) {
			return
		}
	}
	name := m.ProtoReflect().Descriptor().Name()
	_ = sqltree.Children(m, func(field protoreflect.Name, child proto.Message) error {
		if leadsToFree(name, field) {
			d.visit(child)
		}
		return nil
	})
}

// leadsToFree says whether free literals may stand in a field of a node or below it.
func leadsToFree(node, field protoreflect.Name) bool {
	switch node {
	case "Node", "List":
		return true
	}
	switch string(node) + "." + string(field) {
	case "SelectStmt.target_list", "SelectStmt.from_clause", "SelectStmt.where_clause", "SelectStmt.having_clause", "SelectStmt.values_lists",
		"SelectStmt.limit_offset", "SelectStmt.with_clause", "SelectStmt.larg", "SelectStmt.rarg",
		"InsertStmt.select_stmt", "InsertStmt.on_conflict_clause", "InsertStmt.returning_list", "InsertStmt.with_clause",
		"UpdateStmt.target_list", "UpdateStmt.where_clause", "UpdateStmt.from_clause", "UpdateStmt.returning_list", "UpdateStmt.with_clause",
		"DeleteStmt.using_clause", "DeleteStmt.where_clause", "DeleteStmt.returning_list", "DeleteStmt.with_clause",
		"OnConflictClause.target_list", "OnConflictClause.where_clause",
		"WithClause.ctes", "CommonTableExpr.ctequery", "RangeSubselect.subquery",
		"JoinExpr.larg", "JoinExpr.rarg", "JoinExpr.quals", "SubLink.testexpr", "SubLink.subselect",
		"ResTarget.val", "A_Expr.lexpr", "A_Expr.rexpr", "BoolExpr.args", "NullTest.arg", "BooleanTest.arg",
		"CaseExpr.arg", "CaseExpr.args", "CaseExpr.defresult", "CaseWhen.expr", "CaseWhen.result",
		"CoalesceExpr.args", "MinMaxExpr.args", "RowExpr.args", "A_ArrayExpr.elements", "CollateClause.arg",
		"TypeCast.arg", "FuncCall.args":
		return true
	default:
		return false
	}
}

// carriesArguments lists the calls whose arguments nobody looks into. Names of settings, sequences, tables, privileges, parts of times and numbers
// of locks stand in the arguments of others.
func carriesArguments(n *pg.FuncCall) bool {
	parts := strs(n.Funcname)
	if n.Funcformat != pg.CoercionForm_COERCE_EXPLICIT_CALL || len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return false
	}
	switch last(parts) {
	case "lower", "upper", "length", "concat", "concat_ws", "replace", "left", "right", "md5", "abs", "round", "trunc", "ceil", "floor", "mod",
		"count", "sum", "avg", "min", "max", "bool_and", "bool_or", "array_agg", "string_agg",
		"to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery",
		"jsonb_build_object", "json_build_object", "array_length", "cardinality", "array_position", "starts_with":
		return true
	default:
		return false
	}
}

// carriesCast lists the types whose constants nobody looks into. Types that read names are not among them, nor are booleans, which the deparser
// reads, and intervals, whose length is looked at.
func carriesCast(t *pg.TypeName) bool {
	parts := strs(t.GetNames())
	if len(t.GetArrayBounds()) > 0 || len(parts) == 0 || len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return false
	}
	switch last(parts) {
	case "int2", "int4", "int8", "numeric", "float4", "float8", "text", "varchar", "uuid", "date", "timestamp", "timestamptz", "time", "timetz",
		"json", "jsonb", "inet":
		return true
	default:
		return false
	}
}

// counts says whether an expression may be the present and a number of days, which is looked at.
func counts(e *pg.A_Expr) bool {
	name := last(strs(e.Name))
	if name != "+" && name != "-" || e.Lexpr == nil {
		return false
	}
	return e.Lexpr.GetColumnRef() == nil && e.Lexpr.GetAConst() == nil && e.Lexpr.GetParamRef() == nil
}

// namesCatalogs says whether a statement names a table of PostgreSQL's own, for which it is rewritten in ways of their own.
func namesCatalogs(stmt *pg.Node) bool {
	found := false
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		if v, ok := m.(*pg.RangeVar); ok {
			found = found || strings.HasPrefix(v.Relname, "pg_") || strings.HasPrefix(v.Schemaname, "pg_") || v.Schemaname == informationSchema
		}
		return sqltree.Children(m, look)
	}
	_ = look("", stmt)
	return found
}

// constant frees the literal that a constant was read from, with or without a minus sign directly before it.
func (d *divider) constant(c *pg.A_Const) {
	i, found := d.starts[c.Location]
	if !found && d.isSigned(c) {
		i, found = d.starts[c.Location+1]
	}
	if found {
		d.free[i] = isClass(d.literals[i], c)
	}
}

// isClass says whether a constant is of the kind that a literal of a class is read as.
func isClass(l sqltree.Literal, c *pg.A_Const) bool {
	switch l.Class {
	case sqltree.StringLiteral:
		return c.GetSval() != nil
	case sqltree.Int4Literal:
		return c.GetIval() != nil
	case sqltree.Int8Literal, sqltree.NumericLiteral:
		return c.GetFval() != nil
	case sqltree.LastComment:
		return false
	default:
		return false
	}
}

// isSigned says whether a constant has its sign from a minus before it, which is a part of the shape.
func (d *divider) isSigned(c *pg.A_Const) bool {
	return c.Location >= 0 && int(c.Location) < len(d.sql) && d.sql[c.Location] == '-'
}
