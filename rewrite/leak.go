package rewrite

import (
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// A guard in WHERE is no barrier: PostgreSQL orders conditions by their cost, so that a condition of the client's may run on rows that the
// guard is about to remove, and an error of it tells of them. What cannot fail tells nothing. PostgreSQL says of its own functions which
// cannot: pg_proc.proleakproof. A few more are known to be quiet, by an audit of ours.

// leaks knows which operators, casts and functions of one database may run on hidden rows. It is immutable.
type leaks struct {
	schema    *catalog.Schema
	operators map[operands]catalog.Operator
	casts     map[[2]expr.Type]catalog.Cast
	trust     catalog.Trust
}

// operands is an operator of pg_catalog: its name and what stands on both sides.
type operands struct {
	name        string
	left, right expr.Type
}

func newLeaks(s *catalog.Schema, trust catalog.Trust) *leaks {
	l := &leaks{schema: s, operators: map[operands]catalog.Operator{}, casts: map[[2]expr.Type]catalog.Cast{}, trust: trust}
	for name, list := range s.Operators {
		for _, o := range list {
			if o.Schema == pgCatalog {
				l.operators[operands{name, o.Left, o.Right}] = o
			}
		}
	}
	for _, c := range s.Casts {
		l.casts[[2]expr.Type{c.From, c.To}] = c
	}
	return l
}

// known is what is known of an expression before it runs. The zero value is an expression that may tell of a row that nobody should see.
type known struct {
	safe bool      // it may run on hidden rows
	typ  expr.Type // zero: not known
	open bool      // an untyped constant, or a parameter that takes the type that it meets
	// fixed says that it is made of constants alone: the planner evaluates it before any row is read.
	fixed bool
	// plain says that it is a column of a relation, of a collation that tells all texts apart that differ in their bytes.
	plain bool
}

func (k known) typed() bool { return k.typ != expr.Type{} }

// leaky is an expression that may fail, or of which too little is known.
func leaky(t expr.Type) known { return known{typ: t} }

// compared is the type as which PostgreSQL looks for operators of a value: what a domain is made of, and text for varchar, which has none.
func (l *leaks) compared(t expr.Type) expr.Type {
	t = l.schema.Base(t)
	switch t {
	case pgType("varchar"):
		return pgType("text")
	case pgType("cidr"):
		return pgType("inet")
	default:
		return t
	}
}

// operator is what left name right gives. A side of no type takes the other's, as in PostgreSQL.
func (l *leaks) operator(name string, left, right known) known {
	t, ok := l.operation(name, left, right)
	fixed := ok && left.fixed && right.fixed && t.Volatility == 'i'
	result := known{typ: t.Returns, fixed: fixed}
	if strings.HasPrefix(t.Returns.Name, "any") {
		result.typ = expr.Type{}
	}
	switch {
	case !left.safe || !right.safe || !ok:
	case fixed, t.Leakproof:
		result.safe = true
	default:
		result.safe = l.quiet(name, t, left, right)
	}
	return result
}

// operation finds the operator that PostgreSQL would choose, with the sides that need a cast cast without a chance of failing.
func (l *leaks) operation(name string, left, right known) (catalog.Operator, bool) {
	a, b := l.compared(left.typ), l.compared(right.typ)
	switch {
	case left.open && right.open:
		a, b = pgType("text"), pgType("text")
	case left.open:
		a = b
	case right.open:
		b = a
	}
	none := expr.Type{}
	if a == none || b == none {
		return catalog.Operator{}, false
	}
	if o, ok := l.operators[operands{name, a, b}]; ok {
		return o, true
	}
	if a != b {
		if o, ok := l.operators[operands{name, b, b}]; ok && l.widens(a, b, left) {
			return o, true
		}
		if o, ok := l.operators[operands{name, a, a}]; ok && l.widens(b, a, right) {
			return o, true
		}
		return catalog.Operator{}, false
	}
	if any := l.polymorphic(a); any != none {
		o, ok := l.operators[operands{name, any, any}]
		return o, ok
	}
	return catalog.Operator{}, false
}

// polymorphic is the type for which operators of any type of its kind are declared.
func (l *leaks) polymorphic(t expr.Type) expr.Type {
	if t.Array {
		return pgType("anyarray")
	}
	info := l.schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]
	if info == nil {
		return expr.Type{}
	}
	switch info.Kind {
	case 'e':
		return pgType("anyenum")
	case 'r':
		return pgType("anyrange")
	default:
		return expr.Type{}
	}
}

// widens says whether PostgreSQL casts one type to the other by itself, and whether that cannot fail.
func (l *leaks) widens(from, to expr.Type, k known) bool {
	c, ok := l.casts[[2]expr.Type{from, to}]
	return ok && c.Context == 'i' && (c.Leakproof || k.fixed || l.quietCast(from, to))
}

// quietCast knows the widening casts that PostgreSQL does not mark: every integer is a numeric and a float.
func (l *leaks) quietCast(from, to expr.Type) bool {
	if l.trust == catalog.TrustLeakproof || from.Schema != pgCatalog || from.Array || to.Array {
		return false
	}
	switch from.Name {
	case "int2", "int4", "int8":
		return to == pgType("numeric") || to == pgType("float4") || to == pgType("float8")
	default:
		return false
	}
}

// cast is what an expression cast to a type gives.
func (l *leaks) cast(k known, to expr.Type, modified bool) known {
	result := known{typ: to, fixed: k.fixed}
	from := k.typ
	switch {
	case !k.safe, l.schema.Base(to) != to && from != to: // A domain's conditions are asked about each row.
	case k.open && (k.fixed || !modified), k.fixed: // The value is read as the type at once.
		result.safe = true
	case !k.typed() || modified:
	case from == to, l.schema.Base(from) == to:
		result.safe = true
	default:
		c, ok := l.casts[[2]expr.Type{l.schema.Base(from), to}]
		result.safe = ok && (c.Leakproof || l.quietCast(l.schema.Base(from), to))
	}
	return result
}

// function says whether every function of pg_catalog of that name is leakproof, whichever the server picks.
func (l *leaks) function(name string) (leakproof, immutable bool) {
	leakproof, immutable = false, true
	for _, f := range l.schema.Functions[name] {
		if f.Schema != pgCatalog {
			continue
		}
		if !f.Leakproof {
			leakproof = false
			break
		}
		leakproof = true
	}
	for _, f := range l.schema.Functions[name] {
		immutable = immutable && f.Schema == pgCatalog && f.Volatility == 'i' && f.Kind == 'f'
	}
	return leakproof, immutable && len(l.schema.Functions[name]) > 0
}

// aggregates says whether a name is that of aggregates only.
func (l *leaks) aggregates(name string) bool {
	for _, f := range l.schema.Functions[name] {
		if f.Kind != 'a' {
			return false
		}
	}
	return len(l.schema.Functions[name]) > 0
}
