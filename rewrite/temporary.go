package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// Temporary tables are the session's own. A name that means no table that the subject may know of is written as one of pg_temp; whether there is one,
// and what columns it has, is for the server to say. So nothing has to be remembered of a session, and no temporary table can stand for a mapped one:
// the name of one that the subject sees always means that.

// mayMakeTemporary says whether a plan's subject may have temporary tables.
func mayMakeTemporary(p *plan.Plan) bool { return p.Allow[allowTempTables] }

// isTemporary says whether a name is that of a temporary table, as far as the subject may have any. The caller has looked for WITH queries.
func (w *walker) isTemporary(rv *pg.RangeVar) bool {
	if !mayMakeTemporary(w.plan) || !temporaryName(rv.Relname) || rv.Catalogname != "" || rv.Relpersistence != "p" && rv.Relpersistence != "t" {
		return false
	}
	if rv.Schemaname != temporarySchema && (rv.Schemaname != "" || w.rewriter.shadowsMapped(w.plan, rv.Relname)) {
		return false
	}
	w.keeps |= KeepsTables
	return true
}

// temporaryName says whether a temporary table may have a name: those of catalogs and ours are taken.
func temporaryName(name string) bool {
	return name != "" && !strings.HasPrefix(name, "pg_") && !strings.HasPrefix(name, reservedPrefix)
}

// shadowsMapped says whether a name without a schema means a table that the subject may know of.
func (g *Rewriter) shadowsMapped(p *plan.Plan, name string) bool {
	relation := g.snapshot.Schema.Resolve("", name)
	if relation == nil {
		return false
	}
	entity := g.snapshot.EntityOf(relation.RelationName)
	return entity != nil && p.Visible(entity.Name)
}

// shadowsType says whether a table's row type would have the name of a type of PostgreSQL's own. A function whose search path does not name pg_temp
// would take the one for the other, even where its path is empty.
func (g *Rewriter) shadowsType(name string) bool {
	return g.snapshot.Schema.Types[catalog.TypeName{Schema: pgCatalog, Name: name}] != nil
}

// readTemporary names a temporary table in FROM, whose columns are not known.
func (w *walker) readTemporary(rv *pg.RangeVar) {
	name := refname(rv)
	rv.Schemaname = temporarySchema
	w.scope.origins[name] = origin{row: true}
}

// temporaryTarget names a temporary table that a statement writes to.
func (w *walker) temporaryTarget(rv *pg.RangeVar) error {
	if rv.Alias != nil {
		if err := w.visit(rv.Alias); err != nil {
			return err
		}
	}
	for _, name := range w.rewriter.versions() {
		w.scope.origins[name] = origin{row: true}
	}
	w.readTemporary(rv)
	return nil
}

// insertTemporary writes rows of the session's own: nothing has to be checked of them, only what they are made of.
func (w *walker) insertTemporary(s *pg.InsertStmt) error {
	if err := w.temporaryTarget(s.Relation); err != nil {
		return err
	}
	if err := w.sourceOf(s); err != nil {
		return err
	}
	if s.OnConflictClause != nil {
		w.scope.origins["excluded"] = origin{row: true}
	}
	w.nameColumns(s.ReturningList)
	c := s.OnConflictClause
	if err := w.children(s, "relation", "with_clause", "select_stmt", "on_conflict_clause"); err != nil {
		return err
	}
	if c != nil {
		if err := w.children(c); err != nil {
			return err
		}
	}
	w.summariseReturning(s.ReturningList)
	return nil
}

// loadTemporary fills a temporary table from the client. Its columns are for the server to know.
func (w *walker) loadTemporary(s *pg.CopyStmt) error {
	name := s.Relation.Relname
	if err := w.loadOptions(&load{statement: s}); err != nil {
		return err
	}
	w.readTemporary(s.Relation)
	w.said.Load, w.said.Temporary = &Load{Table: name}, name
	return w.loadFilter(s)
}

// mergeTemporary guards what a MERGE into a temporary table is made of. The source stands behind a fence: the join condition may be any.
func (w *walker) mergeTemporary(s *pg.MergeStmt) error {
	if err := w.temporaryTarget(s.Relation); err != nil {
		return err
	}
	m := &merging{stmt: s, name: refname(s.Relation)}
	if err := w.mergeSource(m); err != nil {
		return err
	}
	w.nameColumns(s.ReturningList)
	if err := w.children(s, "relation", "with_clause", "source_relation", "merge_when_clauses"); err != nil {
		return err
	}
	if err := w.visitBranches(m); err != nil {
		return err
	}
	w.rewriter.settle(s.SourceRelation, true)
	w.summariseReturning(s.ReturningList)
	return nil
}

// changeTemporary is what UPDATE and DELETE of a temporary table have in common: other tables may stand beside it, under their guards.
func (w *walker) changeTemporary(target *pg.RangeVar, beside []*pg.Node, returning []*pg.Node, visit func() error, where **pg.Node) error {
	if err := w.temporaryTarget(target); err != nil {
		return err
	}
	guards, err := w.from(beside, level{keep: w.keep})
	if err != nil {
		return err
	}
	w.nameColumns(returning)
	if err := visit(); err != nil {
		return err
	}
	w.summariseReturning(returning)
	fenced, _, err := w.fence(clauses{where: *where})
	if err != nil {
		return err
	}
	*where = and(append([]*pg.Node{fenced}, guards...)...)
	return nil
}
