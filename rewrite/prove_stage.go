package rewrite

import (
	"errors"
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// proveStaged judges the statements of a staged COPY as one: the table has the columns that are open and nothing else, it is filled from the
// client, what is in it goes where the plan lets rows be created, with the plan's presets and under its check, and it is dropped.
func (g *Rewriter) proveStaged(group []*pg.Node, p *plan.Plan) error {
	if len(group) != 4 {
		return fmt.Errorf("proving a staged COPY: %d statements", len(group))
	}
	if err := g.newProver(group[2], p, nil).staged(group); err != nil {
		return fmt.Errorf("proving a staged COPY: %w", err)
	}
	return nil
}

func (v *prover) staged(group []*pg.Node) error {
	prepare, fill, store := group[0].GetCreateStmt(), group[1].GetCopyStmt(), group[2].GetInsertStmt()
	if prepare == nil || fill == nil || store == nil || !sqltree.Equal(stagingEnd(), group[3]) {
		return errors.New("it has other statements")
	}
	entity, err := v.entity(store.Relation)
	if err != nil {
		return err
	}
	l := &load{statement: &pg.CopyStmt{}, relation: entity.Relation, create: v.plan.Rule(entity.Name, catalog.Create)}
	for _, n := range prepare.TableElts {
		l.columns = append(l.columns, n.GetColumnDef().GetColname())
	}
	if err := v.stagingTable(l, group[0], fill); err != nil {
		return err
	}
	l.presets = leftOut(l.create.Presets, insertTargets(l.columns))
	if err := v.stored(l, store); err != nil {
		return err
	}
	v.staging = true
	return v.all(group[2])
}

// StagingTable judges the definition of the table and the statement that fills it.
func (v *prover) stagingTable(l *load, prepare *pg.Node, fill *pg.CopyStmt) error {
	if err := openToLoad(l.relation, l.create, l.columns); err != nil {
		return err
	}
	want, err := v.rewriter.stagingDefinition(l.relation, l.columns)
	if err != nil {
		return err
	}
	if !sqltree.Equal(want, prepare) {
		return errors.New("the table is another one")
	}
	if !sqltree.Equal(&pg.CopyStmt{Relation: stagingVar(), IsFrom: true, Options: fill.Options}, fill) {
		return errors.New("the table is filled with something else")
	}
	return copyOptionsAre(fill.Options, loadOptionIs)
}

// stored demands that an INSERT takes what was loaded, and the presets, each to its own column. The check is proven with the statement.
func (v *prover) stored(l *load, s *pg.InsertStmt) error {
	all := slices.Concat(l.columns, l.presets)
	if s.Relation.Alias != nil || s.WithClause != nil || s.OnConflictClause != nil || s.Override != overriding(l.relation, l.columns) {
		return errors.New("the rows are written in another way")
	}
	if len(s.Cols) < len(all) || !slices.Equal(all, targetNames(s.Cols[:len(all)])) {
		return errors.New("the rows go to other columns")
	}
	if clients, check := splitCheck(s.ReturningList); len(clients) > 0 || check == nil && len(s.ReturningList) > 0 {
		return errors.New("rows come back")
	}
	have := s.SelectStmt.GetSelectStmt()
	fenced := false
	if plain, ok := untellLine(s); ok {
		fenced = true
		have = plain.SelectStmt.GetSelectStmt().FromClause[0].GetRangeSubselect().GetSubquery().GetSelectStmt()
	} else if len(s.Cols) != len(all) {
		return errors.New("more columns are written than were loaded")
	}
	l.statement.WhereClause = have.GetWhereClause()
	want, err := v.rewriter.loadedRows(l)
	if err != nil {
		return err
	}
	if fenced {
		src := &source{relation: l.relation, names: insertTargets(all), query: want}
		src.typeValues()
		want = src.fenced()
	}
	if !sqltree.Equal(want, have) {
		return errors.New("the rows are not those that were loaded")
	}
	return nil
}

// plainInsert is an INSERT without the number of a row behind its mark, which staged COPYs have.
func (v *prover) plainInsert(n *pg.InsertStmt) *pg.InsertStmt {
	if !v.staging {
		return n
	}
	if plain, ok := untellLine(n); ok {
		return plain
	}
	return n
}

// isStaging says whether a name is that of the table of a staged COPY, read where only its statements read it.
func (v *prover) isStaging(rv *pg.RangeVar, holder step) bool {
	return v.staging && holder.field == "from_clause" && rv.Schemaname == temporarySchema && rv.Relname == StagingTable && rv.Catalogname == ""
}
