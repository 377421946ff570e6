package catalog

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog/expr"
)

// A relation to many rows stands for EXISTS. Comparisons over the same one that AND joins are about one and the same
// row, so they share an Exists; anything else has one of its own.

// atom lowers a term, inside an Exists for each relation to many rows that it goes over.
func (c *compiler) atom(n *pg_query.Node) (expr.Expr, bool) {
	prefixes := c.prefixes(n)
	switch len(prefixes) {
	case 0:
		return c.plain(n)
	case 1:
		return c.exists(prefixes[0], func() (expr.Expr, bool) { return c.atom(n) })
	default:
		c.severalRelations(n, prefixes)
		return nil, false
	}
}

func (c *compiler) severalRelations(n *pg_query.Node, prefixes [][]string) {
	c.problem(locationOf(n, int32(len(conditionPrefix))), CodeConditionSyntax, "write it as {sql: ...}",
		"%s and %s lead to many rows each, and no comparison can be over both", strings.Join(prefixes[0], "."), strings.Join(prefixes[1], "."))
}

// exists lowers a term in the scope of the rows that a relation leads to.
func (c *compiler) exists(prefix []string, lower func() (expr.Expr, bool)) (expr.Expr, bool) {
	from := len(c.scopes[len(c.scopes)-1])
	hops := c.hops(prefix)
	if len(hops) != len(prefix) {
		return nil, false // A relation is at fault, which is reported where it is read.
	}
	path := make([]expr.Hop, 0, len(prefix)-from)
	for _, h := range hops[from:] {
		path = append(path, h.hop)
	}
	c.scopes = append(c.scopes, prefix)
	where, ok := lower()
	c.scopes = c.scopes[:len(c.scopes)-1]
	return expr.Exists{Path: path, Where: where}, ok
}

// conjunction lowers the terms of an AND; those over the same relation to many rows share its row.
func (c *compiler) conjunction(terms []*pg_query.Node) (expr.Expr, bool) {
	prefixes := make([][][]string, len(terms))
	shared := map[string][]*pg_query.Node{}
	for i, t := range terms {
		prefixes[i] = c.prefixes(t)
		for _, p := range prefixes[i] {
			shared[strings.Join(p, ".")] = append(shared[strings.Join(p, ".")], t)
		}
	}
	var lowered []expr.Expr
	good, done := true, map[string]bool{}
	for i, t := range terms {
		group := c.groupOf(prefixes[i], shared)
		var x expr.Expr
		var ok bool
		switch {
		case len(group) < 2:
			x, ok = c.boolean(t)
		case len(prefixes[i]) > 1:
			c.severalRelations(t, prefixes[i])
		case done[strings.Join(prefixes[i][0], ".")]:
			continue
		default:
			done[strings.Join(prefixes[i][0], ".")] = true
			x, ok = c.sameRow(prefixes[i][0], group)
		}
		good = good && ok
		lowered = append(lowered, x)
	}
	return expr.And{Terms: lowered}, good
}

// groupOf are the terms that share a row with one that has these prefixes.
func (c *compiler) groupOf(prefixes [][]string, shared map[string][]*pg_query.Node) []*pg_query.Node {
	for _, p := range prefixes {
		if group := shared[strings.Join(p, ".")]; len(group) > 1 {
			return group
		}
	}
	return nil
}

// sameRow lowers terms over one row. A NOT among them could mean that this row is not so, or that no row is: whoever
// writes it has to say which.
func (c *compiler) sameRow(prefix []string, terms []*pg_query.Node) (expr.Expr, bool) {
	for _, t := range terms {
		if not := negation(t); not != nil && len(c.prefixes(not)) > 0 {
			c.problem(locationOf(not, 0), CodeConditionSyntax, "write <>, NOT IN or IS NOT NULL for this row, or {sql: ...} for no row",
				"NOT over %s, beside comparisons over it, could mean this row or every row", strings.Join(prefix, "."))
			return nil, false
		}
	}
	return c.exists(prefix, func() (expr.Expr, bool) {
		if len(terms) == 1 {
			return c.boolean(terms[0])
		}
		return c.conjunction(terms)
	})
}

func negation(n *pg_query.Node) *pg_query.Node {
	b := n.GetBoolExpr()
	if b == nil {
		return nil
	}
	if b.GetBoolop() == pg_query.BoolExprType_NOT_EXPR {
		return n
	}
	for _, arg := range b.GetArgs() {
		if not := negation(arg); not != nil {
			return not
		}
	}
	return nil
}

// flatAnd lists the terms of nested ANDs.
func flatAnd(n *pg_query.Node, terms []*pg_query.Node) []*pg_query.Node {
	b := n.GetBoolExpr()
	if b == nil || b.GetBoolop() != pg_query.BoolExprType_AND_EXPR {
		return append(terms, n)
	}
	for _, arg := range b.GetArgs() {
		terms = flatAnd(arg, terms)
	}
	return terms
}

// prefixes lists the relations to many rows that a term goes over first, seen from the scopes at hand.
func (c *compiler) prefixes(n *pg_query.Node) [][]string {
	var found [][]string
	columnRefs(n.ProtoReflect(), func(ref *pg_query.ColumnRef) {
		relations := relationsOf(ref)
		hops := c.hops(relations)
		in := len(c.scopes[c.scopeOf(relations)])
		for i := in; i < len(hops); i++ {
			if hops[i].many {
				if p := relations[:i+1]; !slices.ContainsFunc(found, func(q []string) bool { return slices.Equal(p, q) }) {
					found = append(found, p)
				}
				return
			}
		}
	})
	slices.SortFunc(found, slices.Compare)
	return found
}

// scopeOf is the innermost scope that lies on the way over relations.
func (c *compiler) scopeOf(relations []string) int {
	for i := len(c.scopes) - 1; i > 0; i-- {
		if s := c.scopes[i]; len(s) <= len(relations) && slices.Equal(s, relations[:len(s)]) {
			return i
		}
	}
	return 0
}

// hops follows relations as far as they are known, without a word about those that are not.
func (c *compiler) hops(relations []string) []*boundHop {
	var hops []*boundHop
	e := c.on
	for _, name := range relations {
		if e == nil || e.hops[name] == nil || e.hops[name].broken || len(e.hops[name].rivals) > 0 {
			break
		}
		h := e.hops[name]
		hops = append(hops, h)
		e = c.tables[h.target.RelationName]
	}
	return hops
}

// relationsOf are the words of a reference before its column; none for attributes of me.
func relationsOf(ref *pg_query.ColumnRef) []string {
	var words []string
	for _, f := range ref.GetFields() {
		words = append(words, f.GetString_().GetSval())
	}
	if len(words) < 2 || words[0] == "me" {
		return nil
	}
	return words[:len(words)-1]
}

// columnRefs calls f for each reference in a tree.
func columnRefs(m protoreflect.Message, f func(*pg_query.ColumnRef)) {
	if ref, ok := m.Interface().(*pg_query.ColumnRef); ok {
		f(ref)
		return
	}
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.Message() == nil || d.IsMap():
		case d.IsList():
			for i := range v.List().Len() {
				columnRefs(v.List().Get(i).Message(), f)
			}
		default:
			columnRefs(v.Message(), f)
		}
		return true
	})
}

// notOverNull warns of NOT over a column that may be NULL: such a row does not pass, though what is negated is not so.
func (c *compiler) notOverNull(n *pg_query.Node) {
	if c.use != aCondition {
		return
	}
	columnRefs(n.ProtoReflect(), func(ref *pg_query.ColumnRef) {
		relations := relationsOf(ref)
		fields := ref.GetFields()
		if len(relations) > 0 || len(fields) != 1 || nullTested(n, fields[0].GetString_().GetSval()) {
			return
		}
		if column := c.on.entity.Relation.Column(fields[0].GetString_().GetSval()); column != nil && !column.NotNull {
			c.warn(c.place(ref.GetLocation()), CodeNotOverNull, "write IS DISTINCT FROM, or say what holds for NULL",
				"%s may be NULL, and then NOT does not pass either", column.Name)
		}
	})
}

// nullTested says whether a column stands in an IS NULL or IS DISTINCT FROM of a tree.
func nullTested(n *pg_query.Node, column string) bool {
	found := false
	var look func(m protoreflect.Message, tested bool)
	look = func(m protoreflect.Message, tested bool) {
		switch x := m.Interface().(type) {
		case *pg_query.NullTest:
			tested = true
		case *pg_query.A_Expr:
			tested = tested || x.GetKind() == pg_query.A_Expr_Kind_AEXPR_DISTINCT || x.GetKind() == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT
		case *pg_query.ColumnRef:
			fields := x.GetFields()
			found = found || tested && len(fields) == 1 && fields[0].GetString_().GetSval() == column
		}
		m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case d.Message() == nil || d.IsMap():
			case d.IsList():
				for i := range v.List().Len() {
					look(v.List().Get(i).Message(), tested)
				}
			default:
				look(v.Message(), tested)
			}
			return true
		})
	}
	look(n.ProtoReflect(), false)
	return found
}
