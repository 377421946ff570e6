package rewrite

import (
	"encoding/binary"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// A parameter's type decides what a cast or an operator does with it: one that was declared as a text is read as a date when a row is reached,
// and one of no declared type when it arrives. PostgreSQL gives such a one the type that it meets first, wherever that is in a statement.

// parameters are the parameters of one statement, by number.
type parameters map[int32]*parameter

// parameter is how a statement uses a parameter.
type parameter struct {
	fixed    bool // it was declared
	declared expr.Type
	uses     int
	cast     *pg.TypeName // of the first use, if it is a cast
	differs  bool         // the uses are not all casts to that
}

// known is what may be relied upon: the declared type, or that the parameter takes the type of its only neighbour.
func (p *parameter) known() known {
	switch {
	case p == nil:
		return known{}
	case p.fixed:
		return known{safe: true, typ: p.declared}
	default:
		return known{safe: true, open: p.uses == 1 || !p.differs}
	}
}

// undeclared stands in a list of types for one that is left to the server; a type that is not known is the zero type.
func undeclared() expr.Type { return pgType("unknown") }

// parametersOf finds the parameters in a tree.
func parametersOf(root *pg.Node, declared []expr.Type) parameters {
	return surveyOf(root, declared).parameters
}

// use counts a use of a parameter.
func (all parameters) use(number int32, cast *pg.TypeName, declared []expr.Type) {
	p := all[number]
	if p == nil {
		p = &parameter{cast: cast}
		all[number] = p
		if i := int(number) - 1; i >= 0 && i < len(declared) && declared[i] != undeclared() {
			p.declared, p.fixed = declared[i], true
		}
	}
	p.uses++
	p.differs = p.differs || cast == nil || p.cast == nil || !sqltree.Equal(cast, p.cast)
}

// typesNamed are the types that PREPARE names.
func typesNamed(list []*pg.Node) []expr.Type {
	types := make([]expr.Type, len(list))
	for i, n := range list {
		if t, ok := typeNamed(n.GetTypeName()); ok && t != undeclared() {
			types[i] = t
		}
	}
	return types
}

// declaredTypes are the types that a Parse message declares.
func (g *Rewriter) declaredTypes(oids []uint32) []expr.Type {
	types := make([]expr.Type, len(oids))
	for i, oid := range oids {
		types[i] = undeclared()
		if oid != unspecifiedOID && oid != unknownOID {
			types[i] = g.types[oid]
		}
	}
	return types
}

// typesByOID are the types of a database. That of an array has its element's name behind an underscore.
func typesByOID(s *catalog.Schema) map[uint32]expr.Type {
	types := map[uint32]expr.Type{}
	for name, info := range s.Types {
		t := expr.Type{Schema: name.Schema, Name: name.Name}
		if element, isArray := strings.CutPrefix(name.Name, "_"); isArray && info.Kind == 'b' {
			t.Name, t.Array = element, true
		}
		types[info.OID] = t
	}
	return types
}

// typesKey tells declared types apart. It is empty where none was declared, which is the common case and costs nothing.
func typesKey(oids []uint32) string {
	var key []byte
	for i, oid := range oids {
		if oid != unspecifiedOID && oid != unknownOID {
			key = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(key, uint32(i)), oid) //nolint:gosec // a message declares at most 65535
		}
	}
	return string(key)
}
