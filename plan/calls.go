package plan

import (
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/wherewall/wherewall/catalog/expr"
)

// call evaluates one of the functions of conditions. Those that are NULL of NULL are so before anything else is asked.
func (v *evaluator) call(c expr.Call) scalar {
	args := v.scalars(c.Args)
	switch c.Name {
	case "now", "current_date", "current_timestamp":
		return missing(c.Name)
	case "coalesce":
		return coalesce(args)
	case "lower", "upper", "length", "starts_with", "strpos":
		return strict(c.Name, args, func(values []string) (scalar, bool) { return textCall(c.Name, values) })
	default:
		return missing(c.Name + "()")
	}
}

func coalesce(args []scalar) scalar {
	for _, a := range args {
		if !a.isNull() {
			return a
		}
	}
	return null()
}

// strict calls a function of texts.
func strict(name string, args []scalar, f func([]string) (scalar, bool)) scalar {
	var needs, values []string
	for _, a := range args {
		if a.isNull() {
			return null()
		}
		needs = union2(needs, a.needs)
		values = append(values, a.datum.text)
	}
	if len(needs) > 0 {
		return missing(needs...)
	}
	for _, a := range args {
		if !a.known || a.datum.kind != textKind || a.datum.folds {
			return missing(name + "()")
		}
	}
	if result, ok := f(values); ok {
		return result
	}
	return missing(name + "()")
}

func textCall(name string, args []string) (scalar, bool) {
	switch {
	case name == "lower" && len(args) == 1:
		return folded(args[0], strings.ToLower)
	case name == "upper" && len(args) == 1:
		return folded(args[0], strings.ToUpper)
	case name == "length" && len(args) == 1 && utf8.ValidString(args[0]):
		return integer(int64(utf8.RuneCountInString(args[0]))), true
	case name == "starts_with" && len(args) == 2:
		return flag(strings.HasPrefix(args[0], args[1])), true
	case name == "strpos" && len(args) == 2 && utf8.ValidString(args[0]):
		i := strings.Index(args[0], args[1])
		if i < 0 {
			return integer(0), true
		}
		return integer(int64(utf8.RuneCountInString(args[0][:i])) + 1), true
	default:
		return scalar{}, false
	}
}

// folded changes the case of letters that every locale changes alike: those of ASCII, without the i that Turkish writes with and
// without its dot.
func folded(text string, f func(string) string) (scalar, bool) {
	if !plainCase(text) {
		return scalar{}, false
	}
	return known(datum{kind: textKind, typ: expr.Type{Schema: "pg_catalog", Name: "text"}, text: f(text)}), true
}

func plainCase(text string) bool {
	for _, c := range []byte(text) {
		if c >= utf8.RuneSelf || c == 'i' || c == 'I' {
			return false
		}
	}
	return true
}

func integer(n int64) scalar {
	return known(datum{kind: numberKind, number: new(big.Rat).SetInt64(n), typ: expr.Type{Schema: "pg_catalog", Name: "int4"}})
}

func flag(b bool) scalar { return known(datum{kind: boolKind, flag: b, typ: boolType()}) }

// arithmetic adds and subtracts numbers, and days. What does not fit its type is an error for PostgreSQL to raise.
func (v *evaluator) arithmetic(a expr.Arithmetic) scalar {
	l, r := v.operand(a.Left), v.operand(a.Right)
	switch {
	case l.isNull() || r.isNull():
		return null()
	case !l.known || !r.known:
		return missing(union2(l.needs, r.needs)...)
	}
	open := missing("what " + a.Op + " gives")
	if a.Op != "+" && a.Op != "-" {
		return open
	}
	switch {
	case l.datum.kind == numberKind && r.datum.kind == numberKind:
		sum := new(big.Rat)
		if a.Op == "+" {
			sum.Add(l.datum.number, r.datum.number)
		} else {
			sum.Sub(l.datum.number, r.datum.number)
		}
		if !holdsNumber(a.Type, sum) {
			return open
		}
		return known(datum{kind: numberKind, number: sum, typ: a.Type})
	default:
		return days(a, l.datum, r.datum, open)
	}
}

// days is date + integer, date - integer, integer + date and date - date.
func days(a expr.Arithmetic, l, r datum, open scalar) scalar {
	whole := func(d datum) (int64, bool) {
		if d.kind != numberKind || !d.number.IsInt() || !d.number.Num().IsInt64() || !isInteger(d.typ) {
			return 0, false
		}
		n := d.number.Num().Int64()
		return n, n > -4_000_000 && n < 4_000_000
	}
	date := func(units int64) scalar {
		text, ok := dateText(units)
		if !ok {
			return open
		}
		return known(datum{kind: dateKind, units: units, text: text, typ: expr.Type{Schema: "pg_catalog", Name: "date"}})
	}
	left, leftWhole := whole(l)
	right, rightWhole := whole(r)
	switch {
	case l.kind == dateKind && rightWhole && a.Op == "+":
		return date(l.units + right)
	case l.kind == dateKind && rightWhole:
		return date(l.units - right)
	case leftWhole && r.kind == dateKind && a.Op == "+":
		return date(r.units + left)
	case l.kind == dateKind && r.kind == dateKind && a.Op == "-":
		return integer(l.units - r.units)
	default:
		return open
	}
}

func isInteger(t expr.Type) bool {
	return t.Schema == "pg_catalog" && (t.Name == "int2" || t.Name == "int4" || t.Name == "int8")
}

// holdsNumber says whether a numeric type has this very number.
func holdsNumber(t expr.Type, n *big.Rat) bool {
	if t.Schema != "pg_catalog" || t.Array {
		return false
	}
	bits := map[string]uint{"int2": 15, "int4": 31, "int8": 63}[t.Name]
	if bits == 0 {
		return t.Name == "numeric"
	}
	limit := new(big.Int).Lsh(big.NewInt(1), bits)
	return n.IsInt() && n.Num().Cmp(limit) < 0 && n.Num().Cmp(new(big.Int).Neg(limit)) >= 0
}

// cast reads a value as another type where both sides are sure to mean the same.
func (v *evaluator) cast(c expr.Cast) scalar {
	s := v.operand(c.Operand)
	if !s.known || s.null {
		return s
	}
	d, to := s.datum, v.schema.Base(c.Type)
	open := missing("the value as " + typeName(to))
	if to.Schema != "pg_catalog" || to.Array {
		if d.kind == textKind && !d.folds {
			return v.read(to, d.text)
		}
		return open
	}
	switch {
	case d.typ == to:
		return s
	case d.kind == textKind && (to.Name == "text" || to.Name == "varchar"):
		return s
	case d.kind == textKind:
		read := v.read(to, d.text)
		if read.datum.kind == rawKind || read.datum.kind == numberKind && !holdsNumber(to, read.datum.number) {
			return open // PostgreSQL may refuse it.
		}
		return read
	case d.kind == numberKind && holdsNumber(to, d.number):
		d.typ = to
		return known(d)
	case d.kind == dateKind && to.Name == "timestamp":
		d = d.midnight()
		d.typ = to
		return known(d)
	case to.Name == "text" && (d.kind == uuidKind || d.kind == enumKind):
		return known(datum{kind: textKind, typ: to, text: d.text})
	default:
		return open
	}
}
