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

// columnTerms is what rows must satisfy because of the columns that a statement writes: each may be open in some rows only. denied is the
// first column that may not be written at all; empty for none. A column that only a preset fills needs no permission of its own.
func columnTerms(r plan.Rule, names []string) (terms []expr.Expr, denied string) {
	return openTerms(r.Writable, r.Presets, names)
}

func openTerms(writable, presets map[string]expr.Expr, names []string) (terms []expr.Expr, denied string) {
	if writable == nil {
		return nil, ""
	}
	for _, name := range names {
		w, open := writable[name]
		_, preset := presets[name]
		switch {
		case open && isTrue(w), !open && preset:
		case open:
			terms = append(terms, w)
		case denied == "":
			denied = name
		}
	}
	return terms, denied
}

// updateTerms is what the old and the new row of an update must satisfy under its rules and the columns that it sets; nil for nothing.
func updateTerms(read, update plan.Rule, names []string) (old, condition expr.Expr) {
	old, condition = conditionOf(read, update), updatedRow(read, update)
	before, _ := columnTerms(update, names)
	after, _ := openTerms(update.WritableTo, update.Presets, names)
	switch {
	case len(before) > 0 && old != nil:
		old = flatAnd(append([]expr.Expr{old}, before...))
	case len(before) > 0:
		old = flatAnd(before)
	}
	if len(after) > 0 {
		condition = flatAnd(append([]expr.Expr{condition}, after...))
	}
	return old, condition
}

// targetNames are the columns that a SET or column list names.
func targetNames(list []*pg.Node) []string {
	var names []string
	for _, n := range list {
		names = append(names, n.GetResTarget().GetName())
	}
	return names
}

// mayWrite refuses a client's list that names a column which may not be written. That a preset fills it does not open it.
func (w *walker) mayWrite(r plan.Rule, relation *catalog.Relation, list []*pg.Node) error {
	for _, n := range list {
		t := n.GetResTarget()
		if _, open := r.Writable[t.GetName()]; r.Writable == nil || open {
			continue
		}
		if t.GetLocation() >= 0 {
			defer w.moveTo(t.Location)()
		}
		return w.columnClosed(relation, t.GetName())
	}
	return nil
}

// presetSet fills columns that an UPDATE does not set.
func (w *walker) presetSet(list []*pg.Node, r plan.Rule) ([]*pg.Node, error) {
	for _, name := range leftOut(r.Presets, list) {
		value, err := w.rewriter.value(r.Presets[name], nil)
		if err != nil {
			return nil, err
		}
		list = append(list, target(value, name))
	}
	return list, nil
}

// presetColumns checks which columns an INSERT names, and fills those that it leaves out.
func (w *walker) presetColumns(s *pg.InsertStmt, relation *catalog.Relation, r plan.Rule) error {
	src := source{relation: relation, names: s.Cols, query: s.SelectStmt.GetSelectStmt()}
	if r.Writable != nil || len(r.Presets) > 0 {
		if err := w.listColumns(&src); err != nil {
			return err
		}
		s.Cols = src.names
	}
	if err := w.mayWrite(r, relation, s.Cols); err != nil {
		return err
	}
	left := leftOut(r.Presets, src.names)
	if len(left) == 0 {
		return nil
	}
	var values []*pg.Node
	for _, name := range left {
		value, err := w.rewriter.value(r.Presets[name], nil)
		if err != nil {
			return err
		}
		values = append(values, value)
	}
	s.SelectStmt = selectNode(src.with(values))
	for _, name := range left {
		s.Cols = append(slices.Clone(s.Cols), target(nil, name))
	}
	return nil
}

// leftOut lists the presets that a list does not name, sorted.
func leftOut(presets map[string]expr.Expr, list []*pg.Node) []string {
	named := targetNames(list)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(presets)), func(name string) bool { return slices.Contains(named, name) })
}

// with is the source with more values behind those of each row.
func (src *source) with(values []*pg.Node) *pg.SelectStmt {
	switch {
	case src.query == nil:
		return valuesOf(values)
	case len(src.query.ValuesLists) > 0 && src.query.LimitCount == nil && src.query.LimitOffset == nil && len(src.query.SortClause) == 0:
		for _, r := range src.query.ValuesLists {
			for _, v := range values {
				r.GetList().Items = append(r.GetList().Items, copyOf(v))
			}
		}
		return src.query
	}
	src.typeValues()
	columns := make([]string, len(src.names))
	for i := range columns {
		columns[i] = "ww_c" + strconv.Itoa(i+1)
	}
	targets := wrapTargets(append([]*pg.Node{star("ww_v")}, values...))
	return selectFrom(targets, []*pg.Node{rangeSubselect(src.fenced(), alias("ww_v", columns...))}, nil)
}

// valuesOf is VALUES (values).
func valuesOf(values []*pg.Node) *pg.SelectStmt {
	list := &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: values}}}
	return &pg.SelectStmt{
		ValuesLists: []*pg.Node{list}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}
}

// openReturning spells out what * of a RETURNING list means for a target of which the subject sees some columns only.
func (w *walker) openReturning(list []*pg.Node, name string, others bool) ([]*pg.Node, error) {
	i := w.scope.origins[name]
	if i.shown == nil {
		return list, nil
	}
	var open []*pg.Node
	for _, n := range list {
		fields := n.GetResTarget().GetVal().GetColumnRef().GetFields()
		switch {
		case len(fields) == 0 || fields[len(fields)-1].GetAStar() == nil:
			open = append(open, n)
		case len(fields) > 1 && fields[len(fields)-2].GetString_().GetSval() != name:
			open = append(open, n)
		case len(fields) == 1 && others:
			return nil, w.columnDenied(i.relation, "*")
		default:
			if err := w.wholeStar(i); err != nil {
				return nil, err
			}
			for _, c := range i.relation.Columns {
				if hasColumn(i.shown, c.Name) {
					open = append(open, target(column(name, c.Name), c.Name))
				}
			}
		}
	}
	return open, nil
}
