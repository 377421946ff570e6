package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// An operator's name means whatever the server finds for it along the search path, and an extension there may have a better match for some
// types than pg_catalog. So an unqualified name is looked up as the server would: where a match outside pg_catalog can be told not to be
// reached, pg_catalog's is meant, and written; else the match must be one that the policy lists, as the function behind it.

// operatorOf checks the operator of an expression, and writes where it is found.
func (w *walker) operatorOf(n *pg.A_Expr) error {
	switch n.Kind {
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		for _, op := range []string{"<", "<=", ">", ">="} {
			if err := w.compares(op, w.operand(n.Lexpr), w.operands(n.Rexpr)); err != nil {
				return err
			}
		}
		return nil
	case pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_NULLIF:
		parts := strs(n.Name)
		return w.compares(parts[len(parts)-1], w.operand(n.Lexpr), w.operands(n.Rexpr))
	default:
		var left *operand
		if n.Lexpr != nil {
			l := w.operand(n.Lexpr)
			left = &l
		}
		found, err := w.operatorBetween(n.Name, left, w.operand(rightOf(n)), n)
		if err != nil {
			return err
		}
		if len(found) > len(n.Name) && matches(n.Kind) {
			n.Kind = pg.A_Expr_Kind_AEXPR_OP // LIKE and its kin have no way to name a schema, and are no more than an operator
		}
		n.Name = found
		return nil
	}
}

func matches(k pg.A_Expr_Kind) bool {
	return k == pg.A_Expr_Kind_AEXPR_LIKE || k == pg.A_Expr_Kind_AEXPR_ILIKE || k == pg.A_Expr_Kind_AEXPR_SIMILAR
}

// rightOf is what an expression's operator has on its right; of ANY and ALL it is each element of an array.
func rightOf(n *pg.A_Expr) *pg.Node {
	array := n.Rexpr.GetAArrayExpr()
	if (n.Kind == pg.A_Expr_Kind_AEXPR_OP_ANY || n.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL) && len(array.GetElements()) > 0 {
		return &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: array.Elements}}}
	}
	return n.Rexpr
}

// operands are what a keyword compares with: the items of a list, or one.
func (w *walker) operands(n *pg.Node) []operand {
	list := n.GetList()
	if list == nil {
		return []operand{w.operand(n)}
	}
	seen := map[operand]bool{}
	var all []operand
	for _, item := range list.Items {
		if o := w.operand(item); !seen[o] {
			seen[o] = true
			all = append(all, o)
		}
	}
	return all
}

// compares checks an operator that a keyword stands for and that cannot name its schema.
func (w *walker) compares(name string, left operand, right []operand) error {
	if !w.rewriter.functions.hasOperator(pgCatalog, name) {
		return w.operatorMissing(name)
	}
	if len(w.rewriter.shadows.operators[name]) == 0 {
		return nil
	}
	for _, r := range right {
		for _, o := range w.rewriter.shadows.operatorsReached(name, &left, r, w.there()) {
			if !w.rewriter.mayOperate(o, w.plan) {
				return w.operatorDenied(name, o)
			}
		}
	}
	return nil
}

// subLinkOperator checks the operator of x op ANY (SELECT ...). IN is = ANY, and is written so where = has to name its schema.
func (w *walker) subLinkOperator(n *pg.SubLink) error {
	if n.SubLinkType != pg.SubLinkType_ANY_SUBLINK && n.SubLinkType != pg.SubLinkType_ALL_SUBLINK {
		return nil
	}
	name := n.OperName
	if len(name) == 0 {
		name = names("=")
	}
	left := w.operand(n.Testexpr)
	found, err := w.operatorBetween(name, &left, operand{}, nil)
	if err == nil && (len(n.OperName) > 0 || len(found) > 1) {
		n.OperName = found
	}
	return err
}

// sortOperator checks ORDER BY x USING op.
func (w *walker) sortOperator(n *pg.SortBy) error {
	if len(n.UseOp) == 0 {
		return nil
	}
	o := w.operand(n.Node)
	found, err := w.operatorBetween(n.UseOp, &o, o, nil)
	n.UseOp = found
	return err
}

// caseOperator checks the = of CASE x WHEN y.
func (w *walker) caseOperator(n *pg.CaseExpr) error {
	if n.Arg == nil {
		return nil
	}
	var values []operand
	for _, item := range n.Args {
		values = append(values, w.operand(item.GetCaseWhen().GetExpr()))
	}
	return w.compares("=", w.operand(n.Arg), values)
}

// operatorBetween finds the operator that a name means between operands, and returns the name to be written. Where the expression is given and
// compares two rows, their columns are looked at one by one.
func (w *walker) operatorBetween(name []*pg.Node, left *operand, right operand, n *pg.A_Expr) ([]*pg.Node, error) {
	parts := strs(name)
	op := parts[len(parts)-1]
	switch {
	case len(parts) > 2:
		return nil, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for operator %s", strings.Join(parts, "."))
	case len(parts) == 2:
		return name, w.operatorQualified(parts[0], op)
	}
	own := w.rewriter.functions.hasOperator(pgCatalog, op)
	switch shadowed := len(w.rewriter.shadows.operators[op]) > 0; {
	case !shadowed && !own:
		return nil, w.operatorMissing(op)
	case !shadowed:
		return name, nil
	case own && w.printed:
		return names(pgCatalog, op), nil
	}
	reached := w.reached(op, left, right, n)
	certain := right.typed() && (left == nil || left.typed())
	if own && !certain {
		reached = slices.DeleteFunc(reached, func(o catalog.Operator) bool {
			meant := declaredBetween([]catalog.Operator{o}, left, right) && (right.typed() || left != nil && left.typed())
			return !meant && !w.rewriter.shadows.rivals(op, o) && !w.rewriter.mayOperate(o, w.plan)
		})
	}
	for _, o := range reached {
		if !w.rewriter.mayOperate(o, w.plan) {
			return nil, w.operatorDenied(op, o)
		}
	}
	switch {
	case len(reached) == 0 && own:
		return names(pgCatalog, op), nil
	case len(reached) == 0:
		return nil, w.operatorMissing(op)
	case w.rewriter.operatorsListed(op, w.plan):
		return name, nil // Whichever the server chooses may be used.
	case own && !declaredBetween(reached, left, right):
		return nil, w.operatorDenied(op, reached[0])
	default:
		return names(reached[0].Schema, op), w.single(op, reached)
	}
}

// declaredBetween says whether one of the operators is declared for just these operands, so that it is the one that is meant.
func declaredBetween(list []catalog.Operator, left *operand, right operand) bool {
	return slices.ContainsFunc(list, func(o catalog.Operator) bool {
		same := right.literal || right.typ == o.Right
		return same && (left == nil || left.literal || left.typ == o.Left)
	})
}

// reached lists the operators outside pg_catalog that a name might mean.
func (w *walker) reached(op string, left *operand, right operand, n *pg.A_Expr) []catalog.Operator {
	l, r := n.GetLexpr().GetRowExpr().GetArgs(), n.GetRexpr().GetRowExpr().GetArgs()
	if len(l) == 0 || len(l) != len(r) {
		return w.rewriter.shadows.operatorsReached(op, left, right, w.there())
	}
	var reached []catalog.Operator
	for i := range l {
		first := w.operand(l[i])
		reached = append(reached, w.rewriter.shadows.operatorsReached(op, &first, w.operand(r[i]), w.there())...)
	}
	return reached
}

// single demands that operators are of one schema, in which all of that name are listed.
func (w *walker) single(op string, reached []catalog.Operator) error {
	for _, o := range reached {
		if o.Schema != reached[0].Schema {
			return w.operatorDenied(op, o)
		}
	}
	return w.operatorQualified(reached[0].Schema, op)
}

// operatorQualified checks an operator that is named with its schema: all of that name there must be allowed.
func (w *walker) operatorQualified(schema, op string) error {
	if !w.rewriter.functions.hasOperator(schema, op) {
		return w.operatorMissing(op)
	}
	if schema == pgCatalog {
		return nil
	}
	for _, o := range w.rewriter.snapshot.Schema.Operators[op] {
		if o.Schema == schema && !w.rewriter.mayOperate(o, w.plan) {
			return w.operatorDenied(op, o)
		}
	}
	return nil
}

// there are the types outside pg_catalog that the statement's values can have.
func (w *walker) there() foreign {
	if w.foreign == nil {
		w.foreign = w.rewriter.foreignTypes(w.root)
	}
	return w.foreign
}

func (w *walker) operatorMissing(name string) error {
	return w.deny(FunctionDenied, stateUndefinedFunction, "operator does not exist: %s", name)
}

func (w *walker) operatorDenied(name string, o catalog.Operator) error {
	return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for operator %s", name).
		hint("Here it may mean the one of schema %s. The policy may list its function %s, or the operands may be cast.", o.Schema, o.Function)
}
