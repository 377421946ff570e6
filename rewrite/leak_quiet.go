package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// What PostgreSQL does not mark as leakproof and an audit of ours found to be quiet: it raises no error and no notice that depends on a
// row. The first part is on unless the policy says `trust: leakproof`; the second is on where it says `trust: quiet`.

// quiet says whether an operator that is not marked as leakproof is quiet.
func (l *leaks) quiet(name string, o catalog.Operator, left, right known) bool {
	if l.trust == catalog.TrustLeakproof {
		return false
	}
	if comparisonOperator(name) && (o.Left == pgType("numeric") && o.Right == pgType("numeric") || o.Left == pgType("anyenum")) {
		return true
	}
	return l.trust == catalog.TrustQuiet && (quietDates(name, o) || quietJSON(name, o) || l.quietArrays(name, o, left))
}

func comparisonOperator(name string) bool {
	switch name {
	case "=", "<>", "<", "<=", ">", ">=":
		return true
	default:
		return false
	}
}

// quietDates are comparisons of a date or a timestamp with another kind of time. What one kind cannot hold of the other is smaller or larger
// than everything, and no error.
func quietDates(name string, o catalog.Operator) bool {
	return comparisonOperator(name) && isTime(o.Left) && isTime(o.Right)
}

func isTime(t expr.Type) bool {
	return t == pgType("date") || t == pgType("timestamp") || t == pgType("timestamptz")
}

func quietJSON(name string, o catalog.Operator) bool {
	if o.Left != pgType("jsonb") {
		return false
	}
	switch name {
	case "->", "->>", "#>", "#>>", "@>", "<@", "?", "?|", "?&", "=", "<>":
		return true
	default:
		return false
	}
}

// quietArrays compare arrays whose elements can be compared quietly.
func (l *leaks) quietArrays(name string, o catalog.Operator, left known) bool {
	if o.Left != pgType("anyarray") || !left.typ.Array {
		return false
	}
	switch name {
	case "=", "<>", "@>", "<@", "&&":
	default:
		return false
	}
	element := known{safe: true, typ: expr.Type{Schema: left.typ.Schema, Name: left.typ.Name}}
	return l.operator("=", element, element).safe
}

// like is what LIKE gives. It fails on a pattern that ends in an escape, when a value has led it there, and on texts of a collation that finds
// different bytes equal: so the pattern must be at hand, and the left side a plain column.
func (l *leaks) like(left known, pattern *pg.Node) known {
	result := known{typ: pgType("bool")}
	c := pattern.GetAConst()
	if c == nil || c.GetSval() == nil || l.trust == catalog.TrustLeakproof || !left.plain {
		return result
	}
	text := c.GetSval().GetSval()
	trailing := len(text) - len(strings.TrimRight(text, `\`))
	switch l.compared(left.typ) {
	case pgType("text"), pgType("bpchar"), pgType("name"):
		result.safe = left.safe && trailing%2 == 0
	}
	return result
}

// isLike says whether an operator matches a pattern of LIKE.
func isLike(name string) bool {
	switch name {
	case "~~", "!~~", "~~*", "!~~*":
		return true
	default:
		return false
	}
}

// clock knows the functions that give the time. They do not look at rows and do not fail.
func clock(name string) bool {
	switch name {
	case "now", "transaction_timestamp", "statement_timestamp", "clock_timestamp":
		return true
	default:
		return false
	}
}

// quietAggregate knows the aggregates that cannot fail; what is below them is judged by itself.
func quietAggregate(name string) bool {
	switch name {
	case "count", "min", "max", "bool_and", "bool_or", "every":
		return true
	default:
		return false
	}
}

// quietFunction knows functions that give a value for every text or time, whatever it is.
func quietFunction(name string) bool {
	switch name {
	case "lower", "upper", "length", "char_length", "character_length", "btrim", "ltrim", "rtrim":
		return true
	default:
		return false
	}
}

// dateField says whether a node is a constant that names a part of every time, so that date_trunc and extract cannot fail on it.
func dateField(n *pg.Node) bool {
	switch n.GetAConst().GetSval().GetSval() {
	case "year", "quarter", "month", "week", "day", "hour", "minute", "second":
		return true
	default:
		return false
	}
}
