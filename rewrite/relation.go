package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// resolve finds the relation that a name means and the entity that it is mapped to, and writes the name schema-qualified. A relation that the
// subject has nothing to do with is answered like one that does not exist.
func (w *walker) resolve(rv *pg.RangeVar) (*catalog.Relation, *catalog.Entity, error) {
	defer w.moveTo(rv.Location)()
	spelled := rv.Relname
	if rv.Schemaname != "" {
		spelled = rv.Schemaname + "." + spelled
	}
	if rv.Catalogname != "" {
		spelled = rv.Catalogname + "." + spelled
	}
	schema := w.rewriter.snapshot.Schema
	if rv.Relpersistence != "p" || rv.Catalogname != "" && rv.Catalogname != schema.Database {
		return nil, nil, w.deny(StatementDenied, stateFeatureNotSupported, "cross-database references are not implemented: %q", spelled)
	}
	missing := w.deny(TableDenied, stateUndefinedTable, "relation %q does not exist", spelled)
	if rv.Schemaname == "" && w.rewriter.inCatalog(rv.Relname) {
		return nil, nil, missing
	}
	relation := schema.Resolve(rv.Schemaname, rv.Relname)
	if relation == nil {
		return nil, nil, missing
	}
	entity := w.rewriter.snapshot.EntityOf(relation.RelationName)
	if entity == nil {
		return nil, nil, w.explain(missing, "No entity is mapped to "+relation.Schema+"."+relation.Name+".")
	}
	if !w.plan.Visible(entity.Name) {
		return nil, nil, w.explain(missing, w.wouldAllow(entity.Name, catalog.Read))
	}
	rv.Catalogname, rv.Schemaname, rv.Relname = "", relation.Schema, relation.Name
	w.mapped = true
	return relation, entity, nil
}

// rule returns what the plan says of an action, or a refusal where it gives nothing.
func (w *walker) rule(entity *catalog.Entity, action catalog.Action, at int32) (plan.Rule, error) {
	rule := w.plan.Rule(entity.Name, action)
	if rule.Kind != plan.Restricted && rule.Kind != plan.FullAccess {
		d := deny(OperationDenied, stateInsufficientPrivilege, at, "permission denied for table %s", entity.Relation.Name)
		return plan.Rule{}, w.explain(d, w.wouldAllow(entity.Name, action))
	}
	if rule.Kind == plan.Restricted && rule.Filter == nil && action != catalog.Create {
		return plan.Rule{}, deny(OperationDenied, stateInsufficientPrivilege, at, "permission denied for table %s", entity.Relation.Name)
	}
	w.uses = append(w.uses, Use{Entity: entity.Name, Relation: entity.Relation.Name, Action: action, At: int(at)})
	return rule, nil
}

// explain adds what a subject who may see explanations is told. For anybody else it would be an oracle.
func (w *walker) explain(d *denial, hint string) *denial {
	if w.plan.Explain {
		d.Hint = hint
	}
	return d
}

// wouldAllow says which permissions would allow an action and which roles carry them.
func (w *walker) wouldAllow(entity string, action catalog.Action) string {
	return "no permission of " + w.plan.Subject.User + "'s roles covers " + entity + "." + string(action) +
		carriers(plan.WhoCould(w.rewriter.snapshot, entity, action))
}

// wouldOpen says which permissions would open a column to actions, and which roles carry them.
func (w *walker) wouldOpen(r *catalog.Relation, column string, actions ...catalog.Action) string {
	entity := w.rewriter.snapshot.EntityOf(r.RelationName)
	if entity == nil {
		return ""
	}
	var names []string
	for _, a := range actions {
		names = append(names, entity.Name+"."+string(a))
	}
	return "no permission of " + w.plan.Subject.User + "'s roles opens " + column + " to " + strings.Join(names, " or ") +
		carriers(plan.WhoCouldOpen(w.rewriter.snapshot, entity.Name, column, actions...))
}

func carriers(all []plan.Grantable) string {
	var would strings.Builder
	for _, g := range all {
		would.WriteString("; " + g.Permission + " would (role " + strings.Join(g.Roles, ", ") + ")")
	}
	return would.String()
}

// conditionOf is what existing rows must satisfy under rules that all must hold; nil for none.
func conditionOf(rules ...plan.Rule) expr.Expr {
	var terms []expr.Expr
	for _, r := range rules {
		if r.Kind == plan.FullAccess || isTrue(r.Filter) && r.Filter != nil {
			continue
		}
		if !slices.ContainsFunc(terms, func(t expr.Expr) bool { return equalExpr(t, r.Filter) }) {
			terms = append(terms, r.Filter)
		}
	}
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	default:
		return flatAnd(terms)
	}
}

// flatAnd conjoins without nesting and without saying anything twice.
func flatAnd(terms []expr.Expr) expr.Expr {
	var flat []expr.Expr
	for _, t := range terms {
		parts := []expr.Expr{t}
		if a, ok := t.(expr.And); ok {
			parts = a.Terms
		}
		for _, p := range parts {
			if !slices.ContainsFunc(flat, func(f expr.Expr) bool { return equalExpr(f, p) }) {
				flat = append(flat, p)
			}
		}
	}
	return expr.And{Terms: flat}
}

// refname is the name by which a relation's columns are qualified in the statement.
func refname(rv *pg.RangeVar) string {
	if rv.Alias != nil {
		return rv.Alias.Aliasname
	}
	return rv.Relname
}

// renamed is the row of a relation in its place in the statement, whose alias may rename columns by position.
func renamed(rv *pg.RangeVar, relation *catalog.Relation) row {
	name := refname(rv)
	return func(col string) *pg.Node {
		for i, c := range relation.Columns {
			if c.Name == col && rv.Alias != nil && i < len(rv.Alias.Colnames) {
				return column(name, rv.Alias.Colnames[i].GetString_().GetSval())
			}
		}
		return column(name, col)
	}
}
