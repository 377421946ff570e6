package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// rowMark qualifies the columns of the row at hand until it is known how they are written: by their names in a policy, as
// parameters in a function.
const rowMark = "ww_row"

// slot is a value that stands for a piece of SQL, which is known by its text.
func (x *exporter) slot(sql string, t expr.Type) expr.Expr {
	name := "export " + sql
	x.slots[name] = sql
	return expr.Me{Name: name, Type: t}
}

// passing prints conjuncts over a relation's row. One that reads other rows becomes a call of a function: in a policy it would be
// filtered by the policies of those rows' tables.
func (x *exporter) passing(r *catalog.Relation, terms []expr.Expr) (string, error) {
	var nodes []*pg.Node
	for _, term := range flattened(terms) {
		n, err := x.rewriter.condition(term, aliased(rowMark))
		if err != nil {
			return "", err
		}
		x.uses.note(r, n)
		if readsRelations(n) {
			n, err = x.function(r, n)
		} else {
			err = x.fill(n, func(name string) (*pg.Node, error) { return column(name), nil })
		}
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(nodes, func(other *pg.Node) bool { return sqltree.Equal(n, other) }) {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return "true", nil
	}
	return expressionText(and(nodes...))
}

// flattened opens AND, so that each part is printed by itself.
func flattened(terms []expr.Expr) []expr.Expr {
	var flat []expr.Expr
	for _, t := range terms {
		switch t := t.(type) {
		case expr.And:
			flat = append(flat, flattened(t.Terms)...)
		case expr.Or:
			if len(t.Terms) == 1 {
				flat = append(flat, flattened(t.Terms)...)
			} else {
				flat = append(flat, t)
			}
		default:
			flat = append(flat, t)
		}
	}
	return flat
}

func readsRelations(n *pg.Node) bool {
	return contains(n, func(m proto.Message) bool {
		_, ok := m.(*pg.RangeVar)
		return ok
	})
}

// function makes a function of a condition, unless there is one, and prints its call. It runs with its owner's rights, and its body is
// bound when it is made: no search path and no table of the caller's can change what it reads. It says TRUE or not, never what it read.
func (x *exporter) function(r *catalog.Relation, n *pg.Node) (*pg.Node, error) {
	var columns, types []string
	err := x.fill(n, func(name string) (*pg.Node, error) {
		at := slices.Index(columns, name)
		if at < 0 {
			declared := r.Column(name)
			if declared == nil {
				return nil, fmt.Errorf("the condition uses the column %s, which is not there", name)
			}
			at, columns, types = len(columns), append(columns, name), append(types, typeText(declared.Type))
		}
		return &pg.Node{Node: &pg.Node_ParamRef{ParamRef: &pg.ParamRef{Number: int32(at + 1), Location: sqltree.Unlocated}}}, nil
	})
	if err != nil {
		return nil, err
	}
	body, err := expressionText(n)
	if err != nil {
		return nil, err
	}
	parameters := strings.Join(types, ", ")
	key := parameters + "\x00" + body
	name, made := x.known[key]
	if !made {
		name = "path_" + strconv.Itoa(len(x.known)+1)
		x.known[key] = name
		fmt.Fprintf(&x.functions, "\nCREATE FUNCTION wherewall.%s(%s) RETURNS boolean STABLE PARALLEL SAFE SECURITY DEFINER LANGUAGE sql SET search_path = pg_catalog, pg_temp\n    RETURN %s;\n",
			name, parameters, body)
	}
	arguments := make([]*pg.Node, len(columns))
	for i, c := range columns {
		arguments[i] = column(c)
	}
	n = call(name, arguments...)
	n.GetFuncCall().Funcname = names("wherewall", name)
	return n, nil
}

// fill puts the row's columns and the subject's values in their places.
func (x *exporter) fill(n *pg.Node, row func(string) (*pg.Node, error)) error {
	return eachNode(n, func(n *pg.Node) (bool, error) {
		if fields := n.GetColumnRef().GetFields(); len(fields) == 2 && fields[0].GetString_().GetSval() == rowMark {
			replacement, err := row(fields[1].GetString_().GetSval())
			if err != nil {
				return false, err
			}
			n.Node = replacement.Node
			return false, nil
		}
		c := n.GetTypeCast()
		name, isSlot := slotOf(c.GetArg().GetAConst())
		if c == nil || !isSlot {
			return true, nil
		}
		value, err := x.value(name, c.TypeName)
		if err != nil {
			return false, err
		}
		n.Node = value.Node
		return false, nil
	})
}

// value is what stands for one of the subject's values of a type.
func (x *exporter) value(name string, t *pg.TypeName) (*pg.Node, error) {
	sql, ours := x.slots[name]
	kind := t.Names[len(t.Names)-1].GetString_().GetSval()
	switch {
	case ours:
	case name == "id" && kind != "text" && kind != "varchar":
		// A user's name that is no value of the type is NULL here, and no error.
		plain, err := parsedExpression("wherewall.plain(wherewall.me(), " + quoted(kind) + ")")
		if err != nil {
			return nil, err
		}
		me, err := parsedExpression("wherewall.me()")
		if err != nil {
			return nil, err
		}
		value := caseWhen(plain, cast(me, t), nil)
		return subLink(pg.SubLinkType_EXPR_SUBLINK, selectFrom([]*pg.Node{target(value, "")}, nil, nil)), nil
	case name == "id":
		sql = "(SELECT wherewall.me())"
	case name == "tenant":
		sql = "(SELECT wherewall.tenant())"
	case name == "tenants":
		sql = "(SELECT wherewall.tenants())"
	case name == "roles":
		sql = "(SELECT wherewall.all_roles())"
	case name == "groups":
		sql = "(SELECT wherewall.groups())"
	default:
		sql = "(SELECT wherewall.attribute(" + quoted(name) + "))"
	}
	n, err := parsedExpression(sql)
	if err != nil || len(t.ArrayBounds) == 0 && (kind == "text" || ours && kind == "bool") {
		return n, err
	}
	return cast(n, t), nil
}

// eachNode visits nodes from the root; visit says whether to look below a node too.
func eachNode(m proto.Message, visit func(*pg.Node) (bool, error)) error {
	if n, ok := m.(*pg.Node); ok {
		if below, err := visit(n); err != nil || !below {
			return err
		}
	}
	return sqltree.Children(m, func(_ protoreflect.Name, child proto.Message) error {
		return eachNode(child, visit)
	})
}

// parsedExpression is an expression as a node.
func parsedExpression(sql string) (*pg.Node, error) {
	stmts, err := sqltree.Parse("SELECT " + sql)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", sql, err)
	}
	targets := stmts[0].GetStmt().GetSelectStmt().GetTargetList()
	if len(stmts) != 1 || len(targets) != 1 {
		return nil, fmt.Errorf("%s is not one expression", sql)
	}
	return targets[0].GetResTarget().GetVal(), nil
}

// expressionText prints an expression; the print is read back and compared.
func expressionText(n *pg.Node) (string, error) {
	text, _, err := sqltree.Deparse(selectNode(selectFrom([]*pg.Node{target(n, "")}, nil, nil)), nil)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(text, "SELECT "), nil
}

// typeText is a type as SQL.
func typeText(t expr.Type) string {
	text, err := expressionText(cast(null(), typeNode(t)))
	if err != nil {
		return identifier(t.Schema) + "." + identifier(t.Name)
	}
	_, text, _ = strings.Cut(text, "::")
	return text
}

// identifier quotes a name always: bare names would need a list of the words that cannot be.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// relationText is a relation's name, quoted where it must be.
func relationText(schema, name string) (string, error) {
	query := selectFrom([]*pg.Node{target(integer(1), "")}, []*pg.Node{rangeVar(schema, name, "x")}, nil)
	text, _, err := sqltree.Deparse(selectNode(query), nil)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "SELECT 1 FROM "), " x"), nil
}

func quoted(s string) string { return string(sqltree.QuoteLiteral(nil, s)) }

func literals(list []string) string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = quoted(s)
	}
	return strings.Join(all, ", ")
}

func ordinal(i int) string { return strconv.Itoa(i) }

func builtinBool() expr.Type { return expr.Type{Schema: pgCatalog, Name: "bool"} }

func builtinText() expr.Type { return expr.Type{Schema: pgCatalog, Name: "text"} }

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
