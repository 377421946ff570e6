package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// operand is what is known of an expression's type, before anything below it was rewritten.
func (w *walker) operand(n *pg.Node) operand {
	switch e := n.GetNode().(type) {
	case *pg.Node_AConst:
		return constantOperand(e.AConst)
	case *pg.Node_ParamRef:
		return operand{literal: true}
	case *pg.Node_TypeCast:
		return w.castOperand(e.TypeCast.TypeName)
	case *pg.Node_ColumnRef:
		return operand{typ: w.columnType(strs(e.ColumnRef.Fields))}
	case *pg.Node_FuncCall:
		return operand{typ: w.rewriter.shadows.result(strs(e.FuncCall.Funcname))}
	case *pg.Node_BoolExpr, *pg.Node_NullTest, *pg.Node_BooleanTest:
		return operand{typ: pgType("bool")}
	case *pg.Node_CollateClause:
		return w.operand(e.CollateClause.Arg)
	case *pg.Node_CoalesceExpr:
		return w.common(e.CoalesceExpr.Args)
	case *pg.Node_AArrayExpr:
		o := w.common(e.AArrayExpr.Elements)
		if o.literal {
			o = operand{typ: pgType("text")} // an array of untyped constants is one of texts
		}
		o.typ.Array = o.typed()
		return o
	default:
		return operand{}
	}
}

func pgType(name string) expr.Type { return expr.Type{Schema: pgCatalog, Name: name} }

func constantOperand(c *pg.A_Const) operand {
	switch c.Val.(type) {
	case *pg.A_Const_Ival:
		return operand{typ: pgType("int4")}
	case *pg.A_Const_Fval:
		return operand{typ: pgType("numeric")}
	case *pg.A_Const_Boolval:
		return operand{typ: pgType("bool")}
	case *pg.A_Const_Bsval:
		return operand{typ: pgType("bit")}
	default: // a string, or NULL
		return operand{literal: true}
	}
}

func (w *walker) castOperand(t *pg.TypeName) operand {
	parts := strs(t.GetNames())
	if len(parts) == 0 || len(parts) > 2 {
		return operand{}
	}
	schema := ""
	if len(parts) == 2 {
		schema = parts[0]
	}
	found, ok := w.rewriter.functions.findType(schema, parts[len(parts)-1])
	if !ok {
		return operand{}
	}
	resolved := expr.Type{Schema: found.Schema, Name: found.Name}
	if name, array := arrayElement(found.Name); array {
		resolved.Name, resolved.Array = name, true
	}
	resolved.Array = resolved.Array || len(t.ArrayBounds) > 0
	return operand{typ: resolved}
}

// arrayElement reads the name of an array type, which is that of its element behind an underscore.
func arrayElement(name string) (string, bool) {
	if len(name) > 1 && name[0] == '_' {
		return name[1:], true
	}
	return name, false
}

// common is the type of expressions that are all of one type, whatever untyped ones stand among them.
func (w *walker) common(list []*pg.Node) operand {
	found := operand{literal: true}
	for _, n := range list {
		switch o := w.operand(n); {
		case o.literal:
		case !o.typed(), found.typed() && found.typ != o.typ:
			return operand{}
		default:
			found = o
		}
	}
	return found
}

// columnType finds the type of the column that a reference means; the zero type where it is not certain.
func (w *walker) columnType(parts []string) expr.Type {
	name := parts[len(parts)-1]
	if name == "" {
		return expr.Type{}
	}
	if len(parts) > 1 {
		i, _ := w.scope.origin(parts[len(parts)-2])
		return i.columnType(name)
	}
	for s := w.scope; s != nil; s = s.outer {
		found, has := s.columnType(name)
		if has {
			return found
		}
	}
	return expr.Type{}
}

// columnType looks for an unqualified column within one level, and says whether the level has it or might have it.
func (s *scope) columnType(name string) (found expr.Type, has bool) {
	for _, i := range s.origins {
		t := i.columnType(name)
		switch {
		case i.relation == nil || has && t != found && t != expr.Type{}:
			return expr.Type{}, true
		case t != expr.Type{}:
			found, has = t, true
		}
	}
	return found, has
}

func (i origin) columnType(name string) expr.Type {
	if i.relation == nil {
		return expr.Type{}
	}
	if c := i.relation.Column(name); c != nil {
		return c.Type
	}
	return expr.Type{}
}

// result is the type that all functions of a name give, where they agree on one.
func (s *shadows) result(parts []string) expr.Type {
	if len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return expr.Type{}
	}
	var found expr.Type
	for _, f := range s.schema.Functions[parts[len(parts)-1]] {
		t := s.types[f.Returns]
		if t == (expr.Type{}) || polymorphic(t) || t.Name == "record" || found != (expr.Type{}) && found != t {
			return expr.Type{}
		}
		found = t
	}
	return found
}

// foreignTypes are the types outside pg_catalog that values of the statement can have: those of the columns of all relations that it
// names, and of what functions outside pg_catalog give.
func (g *Rewriter) foreignTypes(m proto.Message) foreign {
	there := foreign{}
	g.addForeign(m, there, 0)
	return there
}

// viewDepth bounds how far views are followed into views.
const viewDepth = 16

func (g *Rewriter) addForeign(m proto.Message, there foreign, depth int) {
	switch n := m.(type) {
	case *pg.RangeVar:
		if r := g.snapshot.Schema.Resolve(n.Schemaname, n.Relname); r != nil {
			g.addColumns(r, there, depth)
		}
	case *pg.FuncCall:
		for _, f := range g.snapshot.Schema.Functions[n.Funcname[len(n.Funcname)-1].GetString_().GetSval()] {
			if f.Schema != pgCatalog && g.isListed(f, n.Funcname[len(n.Funcname)-1].GetString_().GetSval()) {
				g.addType(g.shadows.types[f.Returns], there, depth)
			}
		}
	case *pg.TypeName:
		if parts := strs(n.Names); len(parts) > 0 && len(parts) <= 2 {
			g.addNamed(parts, there, depth)
		}
	}
	_ = sqltree.Children(m, func(_ protoreflect.Name, child proto.Message) error {
		g.addForeign(child, there, depth)
		return nil
	})
}

func (g *Rewriter) addNamed(parts []string, there foreign, depth int) {
	schema := ""
	if len(parts) == 2 {
		schema = parts[0]
	}
	if found, ok := g.functions.findType(schema, parts[len(parts)-1]); ok {
		g.addType(expr.Type{Schema: found.Schema, Name: found.Name}, there, depth)
	}
}

func (g *Rewriter) addColumns(r *catalog.Relation, there foreign, depth int) {
	for _, c := range r.Columns {
		g.addType(c.Type, there, depth)
	}
	if r.Definition == "" || depth > viewDepth {
		return
	}
	if stmts, err := sqltree.Parse(r.Definition); err == nil {
		for _, s := range stmts {
			g.addForeign(s, there, depth+1)
		}
	}
}

// addType adds a type, what a domain is made of, and the columns of a row. What other types are made of is not known: it may be anything.
func (g *Rewriter) addType(t expr.Type, there foreign, depth int) {
	base := g.snapshot.Schema.Base(t)
	if base.Schema == "" || !isForeign(base) || there[element(base)] {
		return
	}
	there[element(base)] = true
	if r := g.snapshot.Schema.Relations[catalog.RelationName{Schema: base.Schema, Name: base.Name}]; r != nil && depth <= viewDepth {
		g.addColumns(r, there, depth+1)
		return
	}
	info := g.snapshot.Schema.Types[catalog.TypeName{Schema: base.Schema, Name: base.Name}]
	if info != nil && (info.Kind == 'b' || info.Kind == 'e') {
		return
	}
	for name := range g.snapshot.Schema.Types {
		if name.Schema != pgCatalog {
			there[expr.Type{Schema: name.Schema, Name: name.Name}] = true
		}
	}
}
