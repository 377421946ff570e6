package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// opaque prints an expression that the policy gives as SQL text: its columns become those of the row, me.x a slot. Names of
// functions, types and tables are qualified in the text already.
func (p *printer) opaque(e expr.SQL, r rows) (*pg.Node, error) {
	said, err := p.expressions.parse(e.Text)
	if err != nil {
		return nil, fmt.Errorf("reading sql: %w", err)
	}
	from, err := r.up(0)
	if err != nil {
		return nil, err
	}
	o := &opaquePrinter{printer: p, row: from, me: map[string]expr.Type{}}
	for _, m := range e.Me {
		o.me[m.Name] = m.Type
	}
	if err := o.message("", said); err != nil {
		return nil, err
	}
	if builtinIs(e.Type, "bool") {
		return said, nil
	}
	return cast(said, typeNode(e.Type)), nil
}

type opaquePrinter struct {
	*printer
	row row
	me  map[string]expr.Type
}

// message replaces references below a node.
func (o *opaquePrinter) message(_ protoreflect.Name, m proto.Message) error {
	switch n := m.(type) {
	case *pg.Node:
		if ref := n.GetColumnRef(); ref != nil {
			return o.reference(n, ref)
		}
	case *pg.A_Expr:
		if err := o.operators(n); err != nil {
			return err
		}
	}
	return sqltree.Children(m, o.message)
}

func (o *opaquePrinter) reference(n *pg.Node, ref *pg.ColumnRef) error {
	var parts []string
	for _, f := range ref.GetFields() {
		parts = append(parts, f.GetString_().GetSval())
	}
	switch {
	case len(parts) == 1 && parts[0] != "":
		n.Node = o.row(parts[0]).Node
	case len(parts) == 2 && parts[0] == "me":
		t, known := o.me[parts[1]]
		if !known {
			return fmt.Errorf("sql: uses me.%s, which is not declared", parts[1])
		}
		n.Node = cast(slot(parts[1]), typeNode(t)).Node
	case len(parts) == 2 && parts[1] != "": // a table of a sub-select
		return nil
	default:
		return fmt.Errorf("sql: has a reference that is not understood")
	}
	return nil
}

// operators qualifies an operator that the search path has twice. Operators that are words cannot be qualified.
func (o *opaquePrinter) operators(n *pg.A_Expr) error {
	if len(n.GetName()) != 1 {
		return nil
	}
	op := n.GetName()[0].GetString_().GetSval()
	if !o.qualified[op] {
		return nil
	}
	if n.GetKind() != pg.A_Expr_Kind_AEXPR_OP {
		return fmt.Errorf("the operator %s of sql: is defined outside pg_catalog too", op)
	}
	n.Name = names(pgCatalog, op)
	return nil
}
