package plan

import (
	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// Value is a column's value as PostgreSQL's text input, or NULL.
type Value struct {
	Text string
	Null bool
}

// Record is what somebody knows of a row: columns by name, and those of rows over relations by their dotted paths, such as
// project.org_id. What is not in it is not known, and not NULL.
type Record map[string]Value

// evaluator computes conditions over a record with SQL's three values. Where PostgreSQL might see a thing differently, or a value
// is missing, it says so: it never guesses.
type evaluator struct {
	schema   *catalog.Schema
	me       map[string]catalog.Attribute
	relation *catalog.Relation // of the row at hand; nil for an unknown one
	record   Record
	prefix   string // of the row at hand's names in the record
}

// scalar is what is known of a value.
type scalar struct {
	known bool
	null  bool
	datum datum
	needs []string
}

func known(d datum) scalar           { return scalar{known: true, datum: d} }
func null() scalar                   { return scalar{known: true, null: true} }
func missing(needs ...string) scalar { return scalar{needs: needs} }
func (s scalar) isNull() bool        { return s.known && s.null }
func (s scalar) boolean() verdict {
	switch {
	case s.isNull():
		return verdict{truth: isNULL}
	case !s.known:
		return verdict{unknownTruth, s.needs}
	case s.datum.kind == boolKind:
		return verdict{truth: truthOf(s.datum.flag)}
	default:
		return verdict{unknownTruth, []string{"a truth value"}}
	}
}

func (v *evaluator) scalars(list []expr.Expr) []scalar {
	all := make([]scalar, len(list))
	for i, e := range list {
		all[i] = v.operand(e)
	}
	return all
}

// scalar evaluates a value.
func (v *evaluator) scalar(e expr.Expr) scalar {
	switch x := e.(type) {
	case expr.Const:
		if x.Null {
			return null()
		}
		return v.read(x.Type, x.Text)
	case expr.Me:
		return v.attribute(x)
	case expr.Column:
		return v.column(x)
	case expr.JSONText:
		return v.jsonText(x)
	case expr.Arithmetic:
		return v.arithmetic(x)
	case expr.Call:
		return v.call(x)
	case expr.Cast:
		return v.cast(x)
	case expr.Case:
		return v.chosen(x)
	case expr.SQL:
		return missing("sql: " + x.Text)
	case expr.Bool, expr.And, expr.Or, expr.Not, expr.Compare, expr.In, expr.EqAny, expr.IsNull, expr.Exists, expr.Distinct, expr.Like, expr.Contains:
		return v.operand(x)
	default:
		return missing("an unknown value")
	}
}

func (v *evaluator) attribute(me expr.Me) scalar {
	a, has := v.me[me.Name]
	switch {
	case !has:
		return missing("me." + me.Name)
	case a.Type.Array != me.Type.Array:
		return missing("me." + me.Name)
	case !me.Type.Array:
		return v.read(me.Type, a.Text)
	}
	element := me.Type
	element.Array = false
	list := make([]scalar, len(a.List))
	for i, item := range a.List {
		list[i] = v.read(element, item)
	}
	return known(datum{kind: listKind, typ: me.Type, list: list})
}

// column finds a value in the record. A path that breaks is NULL, and it breaks too where a row on it does not count.
func (v *evaluator) column(c expr.Column) scalar {
	if c.Up > 0 {
		return missing(v.prefix + c.Name)
	}
	row, doubts, broken := v.follow(c.Path)
	if broken {
		return null()
	}
	value, has := row.record[row.prefix+c.Name]
	switch {
	case !has:
		return missing(union2(doubts, []string{row.prefix + c.Name})...)
	case value.Null:
		return null()
	case len(doubts) > 0:
		return missing(doubts...)
	}
	s := v.read(c.Type, value.Text)
	if declared := row.declared(c.Name); declared == nil || declared.FoldsEqual {
		s.datum.folds = true
	}
	return s
}

// declared is what the schema says of a column of the row at hand.
func (v *evaluator) declared(name string) *catalog.Column {
	if v.relation == nil {
		return nil
	}
	return v.relation.Column(name)
}

// follow steps over a path. doubts are what one would have to know to be sure that the rows on it count.
func (v *evaluator) follow(path []expr.Hop) (row *evaluator, doubts []string, broken bool) {
	row = v
	for _, hop := range path {
		for _, pair := range hop.On {
			if key, has := row.record[row.prefix+pair.Ours]; has && key.Null {
				return row, nil, true
			}
		}
		next := *row
		next.prefix += hop.Relation + "."
		next.relation = v.schema.Relations[catalog.RelationName{Schema: hop.Schema, Name: hop.Table}]
		row = &next
		counts := row.truth(hop.Where)
		if counts.truth&isTRUE == 0 {
			return row, nil, true
		}
		doubts = union2(doubts, counts.needs)
	}
	return row, doubts, false
}

// exists is a question for the database, unless nothing can be joined.
func (v *evaluator) exists(e expr.Exists) verdict {
	if len(e.Path) == 0 {
		return verdict{notNULL, []string{"an unknown relation"}}
	}
	name := v.prefix
	for i, hop := range e.Path {
		if i > 0 {
			name += "."
		}
		name += hop.Relation
	}
	for _, pair := range e.Path[0].On {
		if key, has := v.record[v.prefix+pair.Ours]; has && key.Null {
			return verdict{truth: isFALSE}
		}
	}
	return verdict{notNULL, []string{name}}
}

// chosen is CASE: the first branch that is TRUE, as long as those before it are known.
func (v *evaluator) chosen(c expr.Case) scalar {
	for _, w := range c.Whens {
		switch r := v.truth(w.If); {
		case r.truth == isTRUE:
			return v.operand(w.Then)
		case r.truth&isTRUE != 0:
			return missing(r.needs...)
		}
	}
	if c.Else == nil {
		return null()
	}
	return v.operand(c.Else)
}
