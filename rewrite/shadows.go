package rewrite

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// shadows are what schemas of the search path have under the names of operators and functions. An unqualified name means one of these
// where the types of its operands make it the better match. It is immutable.
type shadows struct {
	schema    *catalog.Schema
	operators map[string][]catalog.Operator // outside pg_catalog, on the search path, and not hidden by pg_catalog's own
	implicit  map[expr.Type][]expr.Type     // to a type: from which others values are cast without being asked to
	types     map[string]expr.Type          // by the name that format_type gives them
}

func newShadows(s *catalog.Schema) *shadows {
	sh := &shadows{schema: s, operators: map[string][]catalog.Operator{}, implicit: map[expr.Type][]expr.Type{}, types: typesByFormat(s)}
	for name, list := range s.Operators {
		for _, o := range list {
			if o.Schema != pgCatalog && slices.Contains(s.SearchPath, o.Schema) && !slices.ContainsFunc(list, func(own catalog.Operator) bool {
				return own.Schema == pgCatalog && own.Left == o.Left && own.Right == o.Right
			}) {
				sh.operators[name] = append(sh.operators[name], o)
			}
		}
	}
	for _, c := range s.Casts {
		if c.Context == 'i' {
			sh.implicit[c.To] = append(sh.implicit[c.To], c.From)
		}
	}
	return sh
}

// grammarNames are the types that format_type writes in the words of the grammar.
func grammarNames() map[string]string {
	return map[string]string{
		"integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "character varying": "varchar", "character": "bpchar",
		`"char"`: "char", "timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp", "double precision": "float8",
		"real": "float4", "time with time zone": "timetz", "time without time zone": "time", "bit varying": "varbit", `"any"`: "any",
	}
}

// typesByFormat finds the types that functions are declared with.
func typesByFormat(s *catalog.Schema) map[string]expr.Type {
	types := map[string]expr.Type{}
	add := func(format string, t expr.Type) {
		types[format] = t
		t.Array = true
		types[format+"[]"] = t
	}
	for name := range s.Types {
		t := expr.Type{Schema: name.Schema, Name: name.Name}
		if name.Schema == pgCatalog {
			add(name.Name, t)
		} else {
			for _, schema := range []string{name.Schema, identifier(name.Schema)} { // quoted where they must be
				add(schema+"."+name.Name, t)
				add(schema+"."+identifier(name.Name), t)
			}
		}
	}
	for format, name := range grammarNames() {
		add(format, expr.Type{Schema: pgCatalog, Name: name})
	}
	return types
}

// operand is what is known of what an operator or function is applied to. The zero operand may be of any type.
type operand struct {
	typ     expr.Type // zero: not known
	literal bool      // of no type yet: an untyped constant or a parameter
}

func (o operand) typed() bool { return o.typ != expr.Type{} }

// foreign are the types outside pg_catalog that values of a statement can have, without arrays.
type foreign map[expr.Type]bool

func element(t expr.Type) expr.Type { t.Array = false; return t }

func isForeign(t expr.Type) bool { return t.Schema != pgCatalog }

func polymorphic(t expr.Type) bool { return t.Schema == pgCatalog && strings.HasPrefix(t.Name, "any") }

// casts says whether a value of a type becomes one of another without being asked to.
func (s *shadows) casts(from, to expr.Type) bool {
	from = s.schema.Base(from)
	switch {
	case from == to, slices.Contains(s.implicit[to], from):
		return true
	case polymorphic(to):
		return s.fits(from, to.Name)
	case from.Array && to.Array:
		return s.casts(element(from), element(to))
	default:
		return s.composite(from) && (s.composite(to) || to == expr.Type{Schema: pgCatalog, Name: "record"})
	}
}

// fits says whether a polymorphic parameter takes values of a type.
func (s *shadows) fits(t expr.Type, polymorph string) bool {
	kind := byte('b')
	if info := s.schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]; info != nil && !t.Array {
		kind = info.Kind
	}
	switch {
	case strings.HasSuffix(polymorph, "nonarray"):
		return !t.Array
	case strings.HasSuffix(polymorph, "array"):
		return t.Array
	case strings.HasSuffix(polymorph, "multirange"):
		return kind == 'm'
	case strings.HasSuffix(polymorph, "range"):
		return kind == 'r'
	case strings.HasSuffix(polymorph, "enum"):
		return kind == 'e'
	default:
		return true
	}
}

// composite says whether values of a type are rows; those of a child are also those of its parent.
func (s *shadows) composite(t expr.Type) bool {
	info := s.schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]
	return info != nil && info.Kind == 'c' && !t.Array
}

// takes says whether a parameter might be given an operand. An untyped one becomes whatever is wanted.
func (s *shadows) takes(parameter expr.Type, o operand, there foreign) bool {
	switch {
	case o.typed():
		return s.casts(o.typ, parameter)
	case o.literal || !isForeign(parameter) || there[element(parameter)]:
		return true
	}
	for _, from := range s.implicit[parameter] {
		if !isForeign(from) || there[element(from)] {
			return true
		}
	}
	return false
}

// chosen says whether PostgreSQL might prefer a candidate outside pg_catalog: all of its parameters take the operands, and one of them does for
// its type. Untyped operands alone become texts.
func (s *shadows) chosen(parameters []expr.Type, operands []operand, there foreign) bool {
	wanted := false
	for i, p := range parameters {
		if !s.takes(p, operands[i], there) {
			return false
		}
		wanted = wanted || !operands[i].literal
	}
	return wanted || len(parameters) == 0
}

// operatorsReached lists the operators outside pg_catalog that an unqualified name might mean between operands. The left one is nil for a
// prefix operator.
func (s *shadows) operatorsReached(name string, left *operand, right operand, there foreign) []catalog.Operator {
	var reached []catalog.Operator
	if left != nil && s.exact(name, *left, right) {
		return nil
	}
	for _, o := range s.operators[name] {
		prefix := o.Left == expr.Type{}
		switch {
		case prefix != (left == nil):
		case prefix && s.chosen([]expr.Type{o.Right}, []operand{right}, there),
			!prefix && s.chosen([]expr.Type{o.Left, o.Right}, []operand{*left, right}, there) && !s.textual(name, o, *left, right):
			reached = append(reached, o)
		}
	}
	return reached
}

// rivals says whether pg_catalog has an operator that takes what a candidate is declared for. Where it has none, naming pg_catalog's where the
// candidate is meant is an error and never another answer.
func (s *shadows) rivals(name string, candidate catalog.Operator) bool {
	return slices.ContainsFunc(s.schema.Operators[name], func(o catalog.Operator) bool {
		prefix := expr.Type{}
		return o.Schema == pgCatalog && (o.Left == prefix) == (candidate.Left == prefix) &&
			s.casts(candidate.Left, o.Left) && s.casts(candidate.Right, o.Right)
	})
}

// exact says whether pg_catalog has an operator of just these types, an untyped side having the other's: it comes first.
func (s *shadows) exact(name string, left, right operand) bool {
	l, r := s.schema.Base(left.typ), s.schema.Base(right.typ)
	switch {
	case left.literal && right.typed():
		l = r
	case right.literal && left.typed():
		r = l
	case !left.typed() || !right.typed():
		return false
	}
	return s.builtin(name, l, r)
}

func (s *shadows) builtin(name string, left, right expr.Type) bool {
	return slices.ContainsFunc(s.schema.Operators[name], func(o catalog.Operator) bool {
		return o.Schema == pgCatalog && o.Left == left && o.Right == right
	})
}

// textual says that an untyped operand is read as a text, which pg_catalog's operator of texts takes, and not as what the candidate wants:
// the other side is no reason to prefer the candidate.
func (s *shadows) textual(name string, candidate catalog.Operator, left, right operand) bool {
	text := expr.Type{Schema: pgCatalog, Name: "text"}
	if left.literal == right.literal || !s.builtin(name, text, text) {
		return false
	}
	other, untyped := candidate.Left, candidate.Right
	if left.literal {
		other, untyped = untyped, other
	}
	return other == text && isForeign(untyped)
}

// functionsReached lists the functions outside pg_catalog that an unqualified name might mean with these arguments. Where named or
// variadic ones make their number and order uncertain, all count.
func (s *shadows) functionsReached(name string, arguments []operand, uncertain bool, there foreign) []catalog.Function {
	var reached []catalog.Function
	for _, f := range s.schema.Functions[name] {
		if f.Schema == pgCatalog || !slices.Contains(s.schema.SearchPath, f.Schema) || s.hidden(name, f) {
			continue
		}
		parameters, known := s.parameters(f)
		fits := len(arguments) <= len(parameters) && len(arguments) >= len(parameters)-f.Defaults
		switch {
		case uncertain || !known || f.Variadic:
			reached = append(reached, f)
		case fits && s.chosen(parameters[:len(arguments)], arguments, there):
			reached = append(reached, f)
		}
	}
	return reached
}

// hidden says that pg_catalog has a function of the same parameters.
func (s *shadows) hidden(name string, f catalog.Function) bool {
	return slices.ContainsFunc(s.schema.Functions[name], func(own catalog.Function) bool {
		return own.Schema == pgCatalog && slices.Equal(own.Args, f.Args)
	})
}

func (s *shadows) parameters(f catalog.Function) ([]expr.Type, bool) {
	parameters := make([]expr.Type, len(f.Args))
	for i, format := range f.Args {
		t, ok := s.types[format]
		if !ok {
			return nil, false
		}
		parameters[i] = t
	}
	return parameters, true
}

// declared says that candidates are of one schema and that one of them is declared for just these arguments.
func (s *shadows) declared(candidates []catalog.Function, arguments []operand) bool {
	exact := false
	for _, f := range candidates {
		if f.Schema != candidates[0].Schema {
			return false
		}
		parameters, known := s.parameters(f)
		same := known && len(parameters) == len(arguments)
		for i := 0; same && i < len(parameters); i++ {
			same = arguments[i].literal || s.schema.Base(arguments[i].typ) == parameters[i]
		}
		exact = exact || same
	}
	return exact
}

// names are the operators that a schema on the search path has beside pg_catalog.
func (s *shadows) names() map[string]bool {
	shadowed := map[string]bool{}
	for name, list := range s.schema.Operators {
		shadowed[name] = slices.ContainsFunc(list, func(o catalog.Operator) bool {
			return o.Schema != pgCatalog && slices.Contains(s.schema.SearchPath, o.Schema)
		})
	}
	return shadowed
}
