package rewrite

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// pgCatalog is the schema of PostgreSQL's own functions, operators and types.
const pgCatalog = "pg_catalog"

// outcome is what a name may be used for. The zero value denies.
type outcome uint8

const (
	denied  outcome = iota // it may not be used
	allowed                // it may be written, qualified with pg_catalog
	missing                // no schema that the name could mean has one
)

// verdict is an outcome and, where it is not allowed, why. The reason reads after the name: "lower is <reason>".
type verdict struct {
	outcome outcome
	reason  string
}

// functions decides which functions, operators and types of one database a statement may use. A name stands for all
// overloads: which of them the server picks depends on types that are not known here, so each must be harmless.
// It is immutable.
type functions struct {
	schema *catalog.Schema
	listed map[string]listing
}

// newFunctions reads the allow-list and binds it to a database's schema.
func newFunctions(s *catalog.Schema) *functions {
	return &functions{schema: s, listed: parseFunctions(functionsText)}
}

// resolve decides about a call by name, as far as pg_catalog has functions of that name. Whether an unqualified one means those, where the
// search path has others, depends on the arguments. Other schemas than pg_catalog have nothing that is allowed.
func (f *functions) resolve(schema, name string) verdict {
	if schema != "" && schema != pgCatalog {
		return f.foreign(schema, name)
	}
	candidates := 0
	for _, candidate := range f.schema.Functions[name] {
		if candidate.Schema != pgCatalog {
			continue
		}
		candidates++
		if class := f.class(name, candidate); !class.Allowed() {
			return verdict{denied, class.reason()}
		}
	}
	switch {
	case candidates > 0:
		return verdict{outcome: allowed}
	case schema == "" && f.onPath(name):
		return verdict{denied, "defined outside pg_catalog"}
	default:
		return verdict{missing, "unknown"}
	}
}

// foreign decides about functions that are qualified with a schema that is not pg_catalog.
func (f *functions) foreign(schema, name string) verdict {
	for _, candidate := range f.schema.Functions[name] {
		if candidate.Schema == schema {
			return verdict{denied, "defined outside pg_catalog"}
		}
	}
	return verdict{missing, "unknown"}
}

// onPath says whether a schema of the search path beside pg_catalog has a function of that name.
func (f *functions) onPath(name string) bool {
	for _, candidate := range f.schema.Functions[name] {
		if candidate.Schema != pgCatalog && slices.Contains(f.schema.SearchPath, candidate.Schema) {
			return true
		}
	}
	return false
}

// lookupType tells regclass and its like. An untyped literal or parameter beside a value of such a type is read as a name, as in
// coalesce('secrets', pg_typeof(1)), and the error or the answer tells whether it exists. As an argument it does the same, which is
// harmless for the names of text search configurations alone.
func lookupType(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, pgCatalog+"."), "reg")
}

// attribute says whether x.name may stay where name is no known column of x. PostgreSQL reads it as name(x) where a function or
// type of that name takes x, so every one that could must be allowed.
func (f *functions) attribute(name string) bool {
	if _, ok := f.castType("", name); !ok && f.typeReachable(name) {
		return false
	}
	for _, candidate := range f.schema.Functions[name] {
		reachable := candidate.Schema == pgCatalog || slices.Contains(f.schema.SearchPath, candidate.Schema)
		if reachable && takesOne(candidate) && (candidate.Schema != pgCatalog || f.resolve("", name).outcome != allowed) {
			return false
		}
	}
	return true
}

// rowAttribute says the same of alias.name, where x is a row as a whole. Only a function that takes rows can be meant then; a cast of a row in
// this notation exists for no type but those of texts.
func (f *functions) rowAttribute(name string) bool {
	for _, candidate := range f.schema.Functions[name] {
		reachable := candidate.Schema == pgCatalog || slices.Contains(f.schema.SearchPath, candidate.Schema)
		if reachable && takesOne(candidate) && f.takesRow(candidate) && (candidate.Schema != pgCatalog || f.resolve("", name).outcome != allowed) {
			return false
		}
	}
	return true
}

// takesRow says whether a function's first argument may be a row. A type that is not known to be something else may.
func (f *functions) takesRow(candidate catalog.Function) bool {
	first := strings.Trim(candidate.Args[0], `"`) // format_type quotes "any"
	if strings.HasPrefix(first, "any") || first == "record" {
		return true
	}
	schema, name, qualified := strings.Cut(first, ".")
	if !qualified {
		return false // a type of pg_catalog, and no row type is called there
	}
	info := f.schema.Types[catalog.TypeName{Schema: schema, Name: name}]
	return info == nil || info.Kind == 'c' || info.Kind == 'd'
}

// takesOne says whether a function can be called with exactly one argument.
func takesOne(f catalog.Function) bool {
	return len(f.Args) >= 1 && len(f.Args)-f.Defaults <= 1 || f.Variadic && len(f.Args)-f.Defaults <= 2
}

// hasOperator says whether a schema has an operator of that name.
func (f *functions) hasOperator(schema, name string) bool {
	return slices.ContainsFunc(f.schema.Operators[name], func(o catalog.Operator) bool { return o.Schema == schema })
}
