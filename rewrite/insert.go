package rewrite

import (
	"maps"
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// insert guards an INSERT: new rows must satisfy the create check and, where the statement reads them back, the read filter.
func (w *walker) insert(s *pg.InsertStmt, at place) error {
	defer w.enter()()
	if err := w.with(s.WithClause); err != nil {
		return err
	}
	if w.isTemporary(s.Relation) {
		return w.insertTemporary(s)
	}
	where := s.Relation.Location
	relation, entity, err := w.target(s.Relation)
	if err != nil {
		return err
	}
	create, err := w.rule(entity, catalog.Create, where)
	if err != nil {
		return err
	}
	if err := w.namedOnce(s.Cols, relation); err != nil {
		return err
	}
	condition := newRowCondition(create)
	if reads(s) {
		read, err := w.rule(entity, catalog.Read, where)
		if err != nil {
			return err
		}
		condition = readableRow(condition, read)
	}
	if s.ReturningList, err = w.openReturning(s.ReturningList, refname(s.Relation), false); err != nil {
		return err
	}
	if err := w.sourceOf(s); err != nil {
		return err
	}
	w.nameColumns(s.ReturningList)
	if err := w.children(s, "relation", "with_clause", "select_stmt", "on_conflict_clause"); err != nil {
		return err
	}
	w.summariseReturning(s.ReturningList)
	if err := w.presetColumns(s, relation, create); err != nil {
		return err
	}
	if terms, _ := columnTerms(create, targetNames(s.Cols)); len(terms) > 0 {
		condition = flatAnd(append([]expr.Expr{condition}, terms...))
	}
	late, err := w.onConflict(s, relation, entity)
	if err != nil {
		return err
	}
	checked, err := w.checkSource(s, relation, condition)
	if err != nil {
		return err
	}
	if checked && late == nil {
		return nil
	}
	if late != nil {
		condition = flatAnd([]expr.Expr{condition, late})
	}
	s.ReturningList, err = w.checkReturning(s.ReturningList, condition, refname(s.Relation), relation, at)
	return err
}

// sourceOf visits an INSERT's source, which does not see the target.
func (w *walker) sourceOf(s *pg.InsertStmt) error {
	name := refname(s.Relation)
	all := w.scope.origins
	w.scope.origins = maps.Clone(all)
	defer func() { w.scope.origins = all }()
	for _, target := range append(w.rewriter.versions(), name) {
		delete(w.scope.origins, target)
	}
	return w.visitNode(s.SelectStmt)
}

// reads says whether an INSERT reads its table as well, so that PostgreSQL asks for the right to select.
func reads(s *pg.InsertStmt) bool {
	c := s.OnConflictClause
	return len(s.ReturningList) > 0 || c != nil && (c.Infer != nil || c.Action == pg.OnConflictAction_ONCONFLICT_UPDATE)
}

// onConflict guards ON CONFLICT DO UPDATE: a conflicting row that may not be read and updated is an error. It returns a condition that only the
// final row can be held against, if there is one.
func (w *walker) onConflict(s *pg.InsertStmt, relation *catalog.Relation, entity *catalog.Entity) (expr.Expr, error) {
	c := s.OnConflictClause
	if c == nil {
		return nil, nil
	}
	defer w.moveTo(c.Location)()
	name := refname(s.Relation)
	if err := w.arbiter(c.Infer, w.scope.origins[name]); err != nil {
		return nil, err
	}
	w.scope.origins["excluded"] = proposed(w.scope.origins[name])
	if err := w.children(c); err != nil {
		return nil, err
	}
	switch c.Action {
	case pg.OnConflictAction_ONCONFLICT_NOTHING:
		return nil, nil
	case pg.OnConflictAction_ONCONFLICT_UPDATE:
	default:
		return nil, w.refuseNode(c)
	}
	update, err := w.rule(entity, catalog.Update, s.Relation.Location)
	if err != nil {
		return nil, err
	}
	read, err := w.rule(entity, catalog.Read, s.Relation.Location)
	if err != nil {
		return nil, err
	}
	if err := w.mayWrite(update, relation, c.TargetList); err != nil {
		return nil, err
	}
	shareSources(c.TargetList)
	if c.TargetList, err = w.presetSet(c.TargetList, update); err != nil {
		return nil, err
	}
	old, condition := updateTerms(read, update, targetNames(c.TargetList))
	if old != nil {
		guard, err := w.rewriter.condition(old, aliased(name))
		if err != nil {
			return nil, err
		}
		wanted := c.WhereClause
		if wanted == nil {
			wanted = boolean(true)
		}
		c.WhereClause = caseWhen(guard, wanted, raise(w.violation(relation, "(USING expression) ")))
	}
	a := assignment{relation: relation, name: name, targets: c.TargetList, old: old, condition: condition}
	checked, err := w.checkAssigned(&a)
	if err != nil || checked {
		c.TargetList = a.targets
		return nil, err
	}
	return a.condition, nil
}

// arbiter refuses an ON CONFLICT target that names a column of which the subject does not see everything: the conflict would tell.
func (w *walker) arbiter(infer *pg.InferClause, i origin) error {
	if infer == nil || i.shown == nil {
		return nil
	}
	if infer.Conname != "" {
		return w.columnDenied(i.relation, "*")
	}
	for _, n := range infer.IndexElems {
		if name := n.GetIndexElem().GetName(); name != "" && !isOpen(i.shown[name]) {
			return w.columnDenied(i.relation, name)
		}
	}
	return nil
}

// proposed is the row that ON CONFLICT calls excluded: the client's own values, in the columns that are open at all.
func proposed(i origin) origin {
	if i.shown == nil {
		return i
	}
	shown := map[string]plan.Shown{}
	for name := range i.shown {
		shown[name] = plan.Shown{Raw: expr.Bool(true)}
	}
	i.shown = shown
	return i
}

// source is an INSERT's source while a check is put around it.
type source struct {
	relation *catalog.Relation
	names    []*pg.Node // the target columns, as the client or we list them
	query    *pg.SelectStmt
	extras   map[string]*pg.Node // columns that the client left out and the condition looks at: their constant defaults
}

// checkSource puts a check around the rows to be inserted:
//
//	INSERT INTO t (a, b) SELECT ww_s.* FROM (source) AS ww_s(ww_c1, ww_c2) WHERE CASE WHEN condition THEN true ELSE fail END
//
// It returns false where the final row must be checked as well, or instead.
func (w *walker) checkSource(s *pg.InsertStmt, relation *catalog.Relation, condition expr.Expr) (bool, error) {
	if isTrue(condition) {
		return true, nil
	}
	looked := map[string]bool{}
	columnsOf(condition, looked)
	decidedLater := relation.BeforeInsert || anyGenerated(relation, looked) || looked[anyColumn] || ignoresGiven(s, relation, looked)
	src := source{relation: relation, names: s.Cols, query: s.SelectStmt.GetSelectStmt(), extras: map[string]*pg.Node{}}
	if (decidedLater || s.OnConflictClause == nil && src.mixesTypes()) && !w.tellsKeys(&src, looked) {
		return false, nil
	}
	if err := w.listColumns(&src); err != nil {
		return false, err
	}
	if err := w.dropDefaults(&src); err != nil {
		return false, err
	}
	s.Cols, s.SelectStmt = src.names, nil
	if src.query != nil {
		s.SelectStmt = selectNode(src.query)
	}
	known := w.fillLooked(&src, looked, decidedLater)
	now := src.checkedNow(condition, decidedLater)
	if len(now) == 0 {
		return false, nil
	}
	src.typeValues()
	query, err := w.checkedQuery(&src, joined(now))
	if err != nil {
		return false, err
	}
	s.SelectStmt = selectNode(query)
	for _, c := range relation.Columns {
		if src.extras[c.Name] != nil {
			s.Cols = append(s.Cols, target(nil, c.Name))
		}
	}
	return known && !decidedLater, nil
}

// ignoresGiven says whether PostgreSQL leaves values of the statement for columns of some names aside, and counts on instead.
func ignoresGiven(s *pg.InsertStmt, r *catalog.Relation, columns map[string]bool) bool {
	return s.Override == pg.OverridingKind_OVERRIDING_USER_VALUE &&
		slices.ContainsFunc(r.Columns, func(c catalog.Column) bool { return c.Identity && columns[c.Name] })
}

// tellsKeys says whether a unique index looks at a column that the condition looks at and the statement may name. Then a violation could tell of
// another tenant's row before triggers and RETURNING had their say.
func (w *walker) tellsKeys(src *source, looked map[string]bool) bool {
	named := map[string]bool{}
	for _, n := range src.names {
		named[n.GetResTarget().GetName()] = true
	}
	for name := range looked {
		if src.relation.Keyed[name] && (named[name] || len(src.names) == 0 && src.query != nil) {
			return true
		}
	}
	return false
}

// checkedNow lists the conjuncts that the source's values decide. Where triggers decide later, only those that a unique index could
// otherwise tell about.
func (src *source) checkedNow(condition expr.Expr, decidedLater bool) []expr.Expr {
	var now []expr.Expr
	for _, c := range conjuncts(condition) {
		columns := map[string]bool{}
		columnsOf(c, columns)
		given, keyed := true, false
		for name := range columns {
			given = given && (src.extras[name] != nil || src.supplied(name) >= 0)
			keyed = keyed || src.relation.Keyed[name]
		}
		if given && (keyed || !decidedLater) {
			now = append(now, c)
		}
	}
	return now
}

// supplied is the place of a column in the target list, or -1; a part of a column is not the column.
func (src *source) supplied(name string) int {
	return slices.IndexFunc(src.names, func(n *pg.Node) bool {
		t := n.GetResTarget()
		return t.GetName() == name && len(t.GetIndirection()) == 0
	})
}

// checkedQuery builds the query around the source.
func (w *walker) checkedQuery(src *source, condition expr.Expr) (*pg.SelectStmt, error) {
	var targets, items []*pg.Node
	index := map[string]int{}
	if src.query != nil {
		columns := make([]string, len(src.names))
		for i, n := range src.names {
			columns[i] = "ww_c" + strconv.Itoa(i+1)
			index[n.GetResTarget().GetName()] = i
		}
		targets = append(targets, star("ww_s"))
		items = append(items, rangeSubselect(src.fenced(), alias("ww_s", columns...)))
	}
	for _, c := range src.relation.Columns {
		if v := src.extras[c.Name]; v != nil {
			targets = append(targets, target(v, ""))
		}
	}
	var failed error
	check, err := w.required(condition, func(name string) *pg.Node {
		c := src.relation.Column(name)
		value := src.extras[name]
		if i, ok := index[name]; ok {
			value = column("ww_s", "ww_c"+strconv.Itoa(i+1))
		}
		if c == nil || value == nil {
			failed = w.refuseNode(src.names[0])
			return boolean(false)
		}
		v, err := w.stored(copyOf(value), c)
		if err != nil {
			failed = err
			return boolean(false)
		}
		return v
	}, src.relation)
	if err != nil {
		return nil, err
	}
	return selectFrom(wrapTargets(targets), items, check), failed
}

// fenced is the source as a sub-select that is evaluated once for the check and the row alike: the planner would put the client's
// expressions, also those of WITH queries, in both places, and two evaluations of a sub-select may differ.
func (src *source) fenced() *pg.SelectStmt {
	q := src.query
	if !isFenced(q) {
		q.LimitOffset = integer(0)
		q.LimitOption = pg.LimitOption_LIMIT_OPTION_COUNT
	}
	return q
}

// isFenced says whether the planner evaluates a sub-select's expressions in one place.
func isFenced(q *pg.SelectStmt) bool {
	return q.LimitOffset != nil || q.LimitCount != nil || len(q.ValuesLists) > 0 && !hasSubLink(q)
}

// wrapTargets makes select-list entries of plain expressions.
func wrapTargets(list []*pg.Node) []*pg.Node {
	for i, n := range list {
		if n.GetResTarget() == nil {
			list[i] = target(n, "")
		}
	}
	return list
}

// listColumns makes the target columns explicit. Without a list they are the first ones of the table, as many as the source has.
func (w *walker) listColumns(src *source) error {
	if src.query == nil {
		return nil
	}
	width, known := w.width(src.query)
	if len(src.names) > 0 {
		if known && width != len(src.names) {
			return w.uneven(src, width)
		}
		return nil
	}
	if !known {
		return w.deny(OperationDenied, stateFeatureNotSupported, "INSERT into %q needs a list of columns here", src.relation.Name).
			hint("Name the columns behind the table.")
	}
	if width > len(src.relation.Columns) {
		return w.tooMany(src, len(src.relation.Columns))
	}
	for _, c := range src.relation.Columns[:width] {
		src.names = append(src.names, target(nil, c.Name))
	}
	return nil
}

// fillLooked gives the columns that the condition looks at and the client left out their default here and now, if it is constant and no trigger
// comes later. It returns false where a value can only be known from the final row.
func (w *walker) fillLooked(src *source, looked map[string]bool, decidedLater bool) bool {
	known := true
	for name := range looked {
		if src.supplied(name) >= 0 {
			continue
		}
		c := src.relation.Column(name)
		named := slices.ContainsFunc(src.names, func(n *pg.Node) bool { return n.GetResTarget().GetName() == name })
		if c == nil || named || decidedLater {
			known = false
			continue
		}
		v, constant := w.defaultValue(c)
		if !constant {
			known = false
			continue
		}
		src.extras[name] = v
	}
	return known
}
