package plan

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// kind is how a value is compared.
type kind int

const (
	rawKind    kind = iota // as PostgreSQL does, which only it knows
	numberKind             // exact
	textKind
	boolKind
	dateKind    // days
	stampKind   // microseconds without a zone
	instantKind // microseconds
	uuidKind
	enumKind
	floatKind
	listKind
)

func (k kind) String() string {
	names := [...]string{"such", "number", "text", "bool", "date", "timestamp", "timestamptz", "uuid", "enum", "float", "array"}
	if k < 0 || int(k) >= len(names) {
		return "such"
	}
	return names[k]
}

// datum is a value that is not NULL. Which field holds it, its kind says.
type datum struct {
	kind   kind
	typ    expr.Type // the base type
	text   string    // the text input; of a uuid its plain form
	number *big.Rat
	flag   bool
	units  int64
	float  float64
	list   []scalar
	folds  bool // of texts: = may find texts equal that differ in their bytes
}

// read reads text input. What cannot be read for sure is kept as it is.
func (v *evaluator) read(t expr.Type, text string) scalar {
	t = v.schema.Base(t)
	d := datum{kind: rawKind, typ: t, text: text}
	switch {
	case t.Array:
		return v.readArray(t, text)
	case t.Schema != "pg_catalog":
		if info := v.schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]; info != nil && info.Kind == 'e' && slices.Contains(info.Labels, text) {
			d.kind = enumKind
		}
		return known(d)
	}
	switch t.Name {
	case "int2", "int4", "int8", "numeric":
		d.number, d.kind = readNumber(text)
	case "float8":
		d.float, d.kind = readFloat(text)
	case "text", "varchar":
		d.kind = textKind
	case "bool":
		d.flag, d.kind = readBool(text)
	case "date":
		d.units, d.kind = readDate(text)
	case "timestamp":
		d.units, d.kind = readStamp(text)
	case "timestamptz":
		d.units, d.kind = readInstant(text)
	case "uuid":
		d.text, d.kind = readUUID(text)
	}
	return known(d)
}

// equal says whether two values are. Neither is NULL.
func (v *evaluator) equal(l, r datum) verdict {
	if order, ok := v.order(l, r); ok {
		return verdict{truth: truthOf(order == 0)}
	}
	switch {
	case l.kind == textKind && r.kind == textKind:
		if l.folds || r.folds {
			return verdict{notNULL, []string{"what the collation takes for equal"}}
		}
		return verdict{truth: isFALSE} // The same bytes were in order already.
	case l.kind == listKind && r.kind == listKind:
		return v.equalLists(l, r)
	default:
		return verdict{notNULL, []string{"what is equal among " + l.kind.String() + " values"}}
	}
}

func (v *evaluator) equalLists(l, r datum) verdict {
	if len(l.list) != len(r.list) {
		return verdict{truth: isFALSE}
	}
	result := verdict{truth: isTRUE}
	for i := range l.list {
		// In arrays NULL equals NULL.
		distinct := v.distinct(l.list[i], r.list[i])
		distinct.truth = distinct.truth.not()
		result = result.and(distinct)
	}
	return result
}

// order compares two values where it is sure to agree with PostgreSQL.
func (v *evaluator) order(l, r datum) (int, bool) {
	if l.kind == rawKind || r.kind == rawKind || l.kind == listKind || r.kind == listKind {
		// The same text of the same type is the same value, whatever it is, unless reading it fails.
		return 0, l.kind == rawKind && r.kind == rawKind && l.typ == r.typ && l.text == r.text
	}
	if l.kind == dateKind && r.kind == stampKind {
		l = l.midnight()
	}
	if r.kind == dateKind && l.kind == stampKind {
		r = r.midnight()
	}
	if l.kind != r.kind {
		return 0, false
	}
	switch l.kind {
	case numberKind:
		return l.number.Cmp(r.number), true
	case floatKind:
		return cmp.Compare(l.float, r.float), true
	case textKind:
		return 0, l.text == r.text
	case boolKind:
		return compareBools(l.flag, r.flag), true
	case dateKind, stampKind, instantKind:
		return cmp.Compare(l.units, r.units), true
	case uuidKind:
		return strings.Compare(l.text, r.text), true
	case enumKind:
		return v.orderLabels(l, r)
	case rawKind, listKind:
		return 0, false
	default:
		return 0, false
	}
}

func (v *evaluator) orderLabels(l, r datum) (int, bool) {
	info := v.schema.Types[catalog.TypeName{Schema: l.typ.Schema, Name: l.typ.Name}]
	if l.typ != r.typ || info == nil {
		return 0, false
	}
	return slices.Index(info.Labels, l.text) - slices.Index(info.Labels, r.text), true
}

func (d datum) midnight() datum {
	const day = 86400 * 1_000_000
	d.kind, d.units = stampKind, d.units*day
	return d
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
