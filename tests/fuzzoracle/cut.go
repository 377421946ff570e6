package main

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// cutAt applies the cut of a number to a text and prints it; empty where that makes no statement. It is false when there are no more cuts.
//
// The cuts are fields of the parser's trees, by name, that a statement can do without: the printer is not made for trees that no text has.
func cutAt(sql string, number int) (string, bool) {
	stmts, err := sqltree.Parse(sql)
	if err != nil {
		return "", false
	}
	c := &cutter{left: number, constants: constants()}
	for i, raw := range stmts {
		if len(stmts) > 1 && c.here() {
			stmts = append(stmts[:i:i], stmts[i+1:]...)
			break
		}
		if c.message(raw.ProtoReflect()); c.done {
			break
		}
	}
	if !c.done {
		return "", false
	}
	parts := make([]string, len(stmts))
	for i, raw := range stmts {
		text, _, err := sqltree.Deparse(raw.GetStmt(), nil)
		if err != nil {
			return "", true
		}
		parts[i] = text
	}
	return strings.Join(parts, "; "), true
}

// cutter counts down to the cut that it is to make.
type cutter struct {
	left      int
	done      bool
	constants []protoreflect.Message
}

func (c *cutter) here() bool {
	if c.left == 0 {
		c.done = true
	}
	c.left--
	return c.done
}

// optional are the fields that may be empty.
func optional(name protoreflect.Name) bool {
	switch name {
	case "where_clause", "having_clause", "limit_count", "limit_offset", "with_clause", "agg_filter", "on_conflict_clause", "defresult",
		"group_clause", "distinct_clause", "returning_list", "locking_clause", "from_clause", "using_clause", "agg_order":
		return true
	default:
		return false
	}
}

// shorter are the lists that may lose elements, down to one.
func shorter(name protoreflect.Name) bool {
	switch name {
	case "target_list", "from_clause", "group_clause", "ctes", "values_lists", "returning_list", "merge_when_clauses", "elements":
		return true
	default:
		return false
	}
}

// expressions are the fields that hold an expression, which another one may replace.
func expressions(name protoreflect.Name) bool {
	switch name {
	case "where_clause", "having_clause", "val", "args", "lexpr", "rexpr", "arg", "expr", "result", "defresult", "agg_filter", "quals", "testexpr":
		return true
	default:
		return false
	}
}

func (c *cutter) message(m protoreflect.Message) {
	node := m.Descriptor().Name() == "Node" // whose fields are kinds, some of them of the names below
	fields := m.Descriptor().Fields()
	for i := 0; i < fields.Len() && !c.done; i++ {
		field := fields.Get(i)
		if field.Kind() != protoreflect.MessageKind || !m.Has(field) {
			continue
		}
		if !node && optional(field.Name()) && c.here() {
			m.Clear(field)
			return
		}
		if field.IsList() {
			c.list(m, field)
		} else {
			c.single(m, field)
		}
	}
}

func (c *cutter) list(m protoreflect.Message, field protoreflect.FieldDescriptor) {
	list := m.Mutable(field).List()
	conjuncts := m.Descriptor().Name() == "BoolExpr" && list.Len() > 2
	// An order that names every column is total, and must stay so.
	total := field.Name() == "target_list" && m.Descriptor().Name() == "SelectStmt" && m.Has(m.Descriptor().Fields().ByName("sort_clause"))
	for i := 0; i < list.Len() && !c.done; i++ {
		if (shorter(field.Name()) || conjuncts) && !total && list.Len() > 1 && c.here() {
			for j := i; j < list.Len()-1; j++ {
				list.Set(j, list.Get(j+1))
			}
			list.Truncate(list.Len() - 1)
			return
		}
		if with := c.instead(field, list.Get(i).Message()); with != nil {
			list.Set(i, protoreflect.ValueOfMessage(with))
			return
		}
		c.message(list.Get(i).Message())
	}
}

func (c *cutter) single(m protoreflect.Message, field protoreflect.FieldDescriptor) {
	if with := c.instead(field, m.Get(field).Message()); with != nil {
		m.Set(field, protoreflect.ValueOfMessage(with))
		return
	}
	c.message(m.Mutable(field).Message())
}

// instead is what stands in for a value, if the cut is here: something smaller of its kind that is inside it, or a constant.
func (c *cutter) instead(field protoreflect.FieldDescriptor, value protoreflect.Message) protoreflect.Message {
	var candidates []protoreflect.Message
	switch {
	case expressions(field.Name()) && value.Descriptor().Name() == "Node":
		if inner(value) == "A_Const" || inner(value) == "ColumnRef" || inner(value) == "List" {
			return nil
		}
		within(value, 3, func(n protoreflect.Message) bool { return expression(inner(n)) }, &candidates)
		candidates = append(candidates, c.constants...)
	case field.Name() == "from_clause" || field.Name() == "larg" || field.Name() == "rarg":
		if inner(value) == "JoinExpr" || inner(value) == "RangeSubselect" {
			within(value, 6, func(n protoreflect.Message) bool { return n != value && fromItem(inner(n)) }, &candidates)
		}
		if value.Descriptor().Name() == "SelectStmt" {
			within(value, 1, func(n protoreflect.Message) bool { return n.Descriptor().Name() == "SelectStmt" && n != value }, &candidates)
		}
	case field.Name() == "stmt" || field.Name() == "ctequery" || field.Name() == "subselect" || field.Name() == "subquery":
		within(value, 12, func(n protoreflect.Message) bool { return inner(n) == "SelectStmt" }, &candidates)
	}
	for _, n := range candidates {
		if c.here() {
			return proto.Clone(n.Interface()).ProtoReflect()
		}
	}
	return nil
}

// inner is the kind of what a Node holds.
func inner(n protoreflect.Message) protoreflect.Name {
	if n.Descriptor().Name() != "Node" {
		return ""
	}
	field := n.WhichOneof(n.Descriptor().Oneofs().Get(0))
	if field == nil {
		return ""
	}
	return field.Message().Name()
}

func expression(name protoreflect.Name) bool {
	switch name {
	case "A_Expr", "BoolExpr", "FuncCall", "TypeCast", "ColumnRef", "A_Const", "SubLink", "CaseExpr", "CoalesceExpr", "NullTest", "BooleanTest",
		"MinMaxExpr", "A_ArrayExpr", "A_Indirection", "ParamRef":
		return true
	default:
		return false
	}
}

func fromItem(name protoreflect.Name) bool {
	switch name {
	case "RangeVar", "JoinExpr", "RangeSubselect", "RangeFunction":
		return true
	default:
		return false
	}
}

// within finds messages below one, down to some depth.
func within(m protoreflect.Message, depth int, wanted func(protoreflect.Message) bool, found *[]protoreflect.Message) {
	if depth == 0 || len(*found) > 40 {
		return
	}
	visit := func(child protoreflect.Message) {
		if wanted(child) {
			*found = append(*found, child)
		}
		next := depth
		if child.Descriptor().Name() != "Node" {
			next--
		}
		within(child, next, wanted, found)
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.Kind() != protoreflect.MessageKind || !m.Has(field):
		case field.IsList():
			for j := range m.Get(field).List().Len() {
				visit(m.Get(field).List().Get(j).Message())
			}
		default:
			visit(m.Get(field).Message())
		}
	}
}

// constants are the nodes of NULL, 1 and true.
func constants() []protoreflect.Message {
	stmts, err := sqltree.Parse("SELECT NULL, true, 1, '1'")
	if err != nil {
		return nil
	}
	var all []protoreflect.Message
	for _, n := range stmts[0].GetStmt().GetSelectStmt().GetTargetList() {
		all = append(all, n.GetResTarget().GetVal().ProtoReflect())
	}
	return all
}
