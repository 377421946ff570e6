package catalog

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/expr"
)

func builtin(name string) expr.Type { return expr.Type{Schema: "pg_catalog", Name: name} }

var (
	typeInt4        = builtin("int4")
	typeInt8        = builtin("int8")
	typeNumeric     = builtin("numeric")
	typeText        = builtin("text")
	typeBool        = builtin("bool")
	typeDate        = builtin("date")
	typeTimestamptz = builtin("timestamptz")
	typeUUID        = builtin("uuid")
	typeInt2        = builtin("int2")
	typeTimestamp   = builtin("timestamp")
	typeInterval    = builtin("interval")
	typeJSONB       = builtin("jsonb")
)

// attributeTypes are the types that `attributes:` may name, each also as an array.
var attributeTypes = map[string]expr.Type{
	"int": typeInt4, "bigint": typeInt8, "numeric": typeNumeric, "text": typeText, "date": typeDate,
	"timestamptz": typeTimestamptz, "uuid": typeUUID, "bool": typeBool,
}

func attributeType(name string) (expr.Type, bool) {
	element, array := strings.CutSuffix(name, "[]")
	t, ok := attributeTypes[element]
	t.Array = array
	return t, ok
}

func attributeTypeNames() []string {
	var names []string
	for name := range attributeTypes {
		names = append(names, name, name+"[]")
	}
	return names
}

// family says which types have values that PostgreSQL compares without a cast of ours. A type that is alone in its
// family compares with itself.
func family(t expr.Type) string {
	if t.Schema == "pg_catalog" && !t.Array {
		switch t.Name {
		case "int2", "int4", "int8", "numeric":
			return "number"
		case "text", "varchar", "bpchar":
			return "text"
		case "float4", "float8":
			return "float"
		}
	}
	return typeLabel(t)
}

// comparison says how far a type's values can be compared in a condition.
type comparison int

const (
	incomparable comparison = iota // the zero value: no operator that we know to mean the same everywhere
	orderedOnly                    // floats: = would be a matter of rounding
	comparable
)

// comparableTypes are those of pg_catalog with a full set of operators there; enums have one too. Types of extensions
// have operators of their own elsewhere, which a qualified operator would miss.
var comparableTypes = strings.Fields(`bool int2 int4 int8 numeric oid text varchar bpchar name char uuid date time timetz
	timestamp timestamptz interval inet cidr macaddr macaddr8 bytea`)

func (s *Schema) comparison(t expr.Type) comparison {
	if t.Array {
		return incomparable
	}
	if t.Schema == "pg_catalog" {
		switch {
		case slices.Contains(comparableTypes, t.Name):
			return comparable
		case family(t) == "float":
			return orderedOnly
		}
	}
	if info := s.Types[TypeName{t.Schema, t.Name}]; info != nil && info.Kind == 'e' {
		return comparable
	}
	return incomparable
}

// typeLabel is a type's name in messages.
func typeLabel(t expr.Type) string {
	label := t.Name
	if t.Schema != "pg_catalog" {
		label = t.Schema + "." + t.Name
	}
	if t.Array {
		label += "[]"
	}
	return label
}

// wider returns the type that can read the text of values of both; only numbers differ. It is used for what is sent as
// text: a user's numeric must not be read as the integer of the column that it meets.
func wider(a, b expr.Type) expr.Type {
	order := []string{"int2", "int4", "int8", "numeric"}
	if family(a) == "number" && family(b) == "number" && slices.Index(order, b.Name) > slices.Index(order, a.Name) {
		return b
	}
	return a
}
