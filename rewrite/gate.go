package rewrite

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// function finds the schema of the function that a call means: a listed one of pg_catalog, or one that the policy lists.
func (w *walker) function(schema, name string, n *pg.FuncCall) (string, error) {
	if schema == informationSchema && describesTypes(name) {
		return schema, nil
	}
	v := w.rewriter.functions.resolve(schema, name)
	if v.outcome == allowed && schema == "" {
		return w.builtinOr(name, n)
	}
	if v.outcome == allowed {
		return pgCatalog, nil
	}
	if found, ok := w.rewriter.listedFunction(schema, name, w.plan); ok {
		return found, nil
	}
	if v.outcome == missing {
		return "", w.deny(FunctionDenied, stateUndefinedFunction, "function %s does not exist", name)
	}
	if schema == pgCatalog || schema == "" && !w.rewriter.functions.onPath(name) {
		if w.rewriter.lenient(name, n, w.plan.Allow) || w.shownTypes[n] {
			return pgCatalog, nil
		}
	}
	denied := w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function %s", name)
	if name == "pg_cancel_backend" || name == "pg_terminate_backend" {
		return "", denied.hint("The processes of others are not to be named here. A session's statement ends by the driver's cancel request, by statement_timeout, or when its connection closes.")
	}
	return "", denied.hint("%s is %s.", name, v.reason)
}

// builtinOr finds what an unqualified name means that pg_catalog has, and perhaps others of the search path too.
func (w *walker) builtinOr(name string, n *pg.FuncCall) (string, error) {
	if w.printed || !w.rewriter.functions.onPath(name) {
		return pgCatalog, nil
	}
	var arguments []operand
	uncertain := n.FuncVariadic
	for _, a := range n.Args {
		uncertain = uncertain || a.GetNamedArgExpr() != nil
		arguments = append(arguments, w.operand(a))
	}
	if n.AggWithinGroup {
		for _, a := range n.AggOrder {
			arguments = append(arguments, w.operand(a.GetSortBy().GetNode()))
		}
	}
	reached := w.rewriter.shadows.functionsReached(name, arguments, uncertain, w.there())
	if len(reached) == 0 {
		return pgCatalog, nil
	}
	f := reached[0]
	if found, ok := w.rewriter.listedFunction(f.Schema, name, w.plan); ok && w.rewriter.shadows.declared(reached, arguments) {
		return found, nil
	}
	return "", w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function %s", name).
		hint("Here it may mean %s.%s(%s). Cast the arguments, or write %s.%s.", f.Schema, name, strings.Join(f.Args, ", "), pgCatalog, name)
}

// mayOperate says whether an operator may be used: those of pg_catalog all, others where the policy lists the function behind them.
func (g *Rewriter) mayOperate(o catalog.Operator, p *plan.Plan) bool {
	if o.Schema == pgCatalog {
		return true
	}
	schema, name, ok := strings.Cut(o.Function, ".")
	if !ok {
		return false
	}
	if schema == pgCatalog {
		return g.mayCall(name)
	}
	_, listed := g.listedFunction(schema, name, p)
	return listed
}

// operatorsListed says whether all operators of a name that the search path leads to may be used.
func (g *Rewriter) operatorsListed(name string, p *plan.Plan) bool {
	return !slices.ContainsFunc(g.shadows.operators[name], func(o catalog.Operator) bool { return !g.mayOperate(o, p) })
}

// mayCall says whether pg_catalog's functions of that name are on the list.
func (g *Rewriter) mayCall(name string) bool {
	return g.functions.resolve(pgCatalog, name).outcome == allowed
}

func (w *walker) castType(schema, name string) (expr.Type, error) {
	t, ok := w.rewriter.functions.castType(schema, name)
	known := w.rewriter.knowsType(t, w.plan)
	switch {
	case ok && known || w.rowType(t):
		return t, nil
	case t.Schema != pgCatalog: // A hidden type is answered like a missing one.
		d := w.deny(FunctionDenied, stateUndefinedObject, "type %q does not exist", name)
		if info := w.rewriter.snapshot.Schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]; known && info != nil && info.Kind == 'b' {
			return t, d.hint("Types of extensions may not be cast to.")
		}
		return t, d
	default:
		return t, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for type %s", name)
	}
}

// rowType says whether a type is that of the rows of a table all of whose columns the subject may see, each of a type that may be cast to.
func (w *walker) rowType(t expr.Type) bool {
	schema := w.rewriter.snapshot.Schema
	relation := schema.Relations[catalog.RelationName{Schema: t.Schema, Name: t.Name}]
	info := schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]
	if relation == nil || info == nil || info.Kind != 'c' || info.UserCastFunc || relation.Kind != 'r' && relation.Kind != 'p' {
		return false
	}
	entity := w.rewriter.snapshot.EntityOf(relation.RelationName)
	if entity == nil || !w.plan.Visible(entity.Name) {
		return false
	}
	read := w.plan.Rule(entity.Name, catalog.Read)
	if read.Columns != nil || read.Kind != plan.Restricted && read.Kind != plan.FullAccess {
		return false
	}
	return !slices.ContainsFunc(relation.Columns, func(c catalog.Column) bool {
		_, ok := w.rewriter.functions.castType(c.Type.Schema, c.Type.Name)
		return !ok
	})
}

// isVolatile says whether two calls of a function may differ.
func (g *Rewriter) isVolatile(name string) bool {
	for _, f := range g.snapshot.Schema.Functions[name] {
		if f.Volatility != 'i' && f.Volatility != 's' {
			return true
		}
	}
	return false
}

// inCatalog says whether an unqualified name is found in pg_catalog before the search path is looked at. Every name there begins with pg_,
// and none of them may be read.
func (g *Rewriter) inCatalog(name string) bool { return strings.HasPrefix(name, "pg_") }

func itoa(i int32) string { return strconv.Itoa(int(i)) }
