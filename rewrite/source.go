package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// dropDefaults takes the word DEFAULT out of VALUES, which may say it only directly below INSERT. A column that is
// DEFAULT in every row is left out; one that is so in some rows gets its default there, if that is constant.
func (w *walker) dropDefaults(src *source) error {
	if src.query == nil || len(src.query.ValuesLists) == 0 {
		return nil
	}
	for i := len(src.names) - 1; i >= 0; i-- {
		count := 0
		for _, r := range src.query.ValuesLists {
			if items := r.GetList().GetItems(); i >= len(items) {
				return w.deny(StatementDenied, stateSyntaxError, "VALUES lists must all be the same length")
			} else if items[i].GetSetToDefault() != nil {
				count++
			}
		}
		switch count {
		case 0:
		case len(src.query.ValuesLists):
			src.dropColumn(i)
		default:
			if err := w.fillDefaults(src, i); err != nil {
				return err
			}
		}
	}
	if len(src.names) > 0 {
		return nil
	}
	if len(src.query.ValuesLists) > 1 {
		return w.deny(OperationDenied, stateFeatureNotSupported, "several rows of nothing but DEFAULT are not supported for table %q", src.relation.Name)
	}
	src.query = nil
	return nil
}

func (src *source) dropColumn(i int) {
	src.names = slices.Delete(slices.Clone(src.names), i, i+1)
	for _, r := range src.query.ValuesLists {
		list := r.GetList()
		list.Items = slices.Delete(list.Items, i, i+1)
	}
}

func (w *walker) fillDefaults(src *source, i int) error {
	t := src.names[i].GetResTarget()
	c := src.relation.Column(t.GetName())
	refusal := deny(OperationDenied, stateFeatureNotSupported, t.GetLocation(),
		"column %q is DEFAULT in some rows only, and its default is not a constant", t.GetName()).
		hint("Insert those rows in a statement of their own.")
	if c == nil {
		return refusal
	}
	v, constant := w.defaultValue(c)
	if !constant {
		return refusal
	}
	for _, r := range src.query.ValuesLists {
		if items := r.GetList().Items; items[i].GetSetToDefault() != nil {
			items[i] = copyOf(v)
		}
	}
	return nil
}

// namedOnce refuses a list of columns that names more than the relation has: some must stand twice. An array's elements may be set apart.
func (w *walker) namedOnce(list []*pg.Node, relation *catalog.Relation) error {
	whole := 0
	for _, n := range list {
		if len(n.GetResTarget().GetIndirection()) == 0 {
			whole++
		}
	}
	if whole <= len(relation.Columns) && len(list) <= 2000 {
		return nil
	}
	return w.deny(StatementDenied, stateDuplicateColumn, "a column of table %q is specified more than once", relation.Name)
}

// typeValues gives values of unknown type the types of their columns.
func (src *source) typeValues() {
	if src.query == nil || src.query.Op != pg.SetOperation_SETOP_NONE {
		return
	}
	for _, r := range src.query.ValuesLists {
		items := r.GetList().GetItems()
		for i := range items {
			items[i] = src.typedFor(items[i], i)
		}
	}
	// A * in a select list stands for any number of columns: entries before the first count from the left, those behind the last from the right.
	list := src.query.TargetList
	first := slices.IndexFunc(list, isStar)
	for i, n := range list {
		t := n.GetResTarget()
		switch {
		case first < 0 || i < first:
			t.Val = src.typedFor(t.Val, i)
		case !slices.ContainsFunc(list[i:], isStar):
			t.Val = src.typedFor(t.Val, len(src.names)-(len(list)-i))
		}
	}
}

func (src *source) typedFor(value *pg.Node, i int) *pg.Node {
	if i < 0 || i >= len(src.names) {
		return value
	}
	t := src.names[i].GetResTarget()
	c := src.relation.Column(t.GetName())
	if c == nil || len(t.GetIndirection()) > 0 {
		return value
	}
	return typed(value, c)
}

func isStar(n *pg.Node) bool { return isStarRef(n.GetResTarget().GetVal()) }

// width counts the columns of a query, if that can be told from its text.
func (w *walker) width(s *pg.SelectStmt) (int, bool) {
	switch {
	case s.Op != pg.SetOperation_SETOP_NONE:
		return w.width(s.Larg)
	case len(s.ValuesLists) > 0:
		return len(s.ValuesLists[0].GetList().GetItems()), true
	}
	total := 0
	for _, n := range s.TargetList {
		if !isStar(n) {
			total++
			continue
		}
		if len(s.FromClause) != 1 || n.GetResTarget().Val.GetColumnRef() == nil {
			return 0, false
		}
		n, known := w.itemWidth(s.FromClause[0])
		if !known {
			return 0, false
		}
		total += n
	}
	return total, true
}

// itemWidth counts the columns of a FROM item that has been guarded.
func (w *walker) itemWidth(n *pg.Node) (int, bool) {
	if sub := n.GetRangeSubselect(); sub != nil {
		return w.width(sub.Subquery.GetSelectStmt())
	}
	rv := n.GetRangeVar()
	if rv == nil || rv.Schemaname == "" {
		return 0, false
	}
	relation := w.rewriter.snapshot.Schema.Resolve(rv.Schemaname, rv.Relname)
	if relation == nil {
		return 0, false
	}
	return len(relation.Columns), true
}
