package rewrite

import (
	"strconv"
	"strings"
	"unicode"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// refuseStatement names a statement kind that is not on the list as its user would.
func (w *walker) refuseStatement(n *pg.Node) error {
	m := n.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().Get(0))
	name := "this statement"
	if field != nil {
		name = commandName(string(field.Message().Name()))
	}
	return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: %s is not allowed", name).
		hint("Reading and writing rows, transactions, and harmless settings are what may be said through the proxy.")
}

// commandName turns a node's name into the words of the command: CreateTableAsStmt is CREATE TABLE AS.
func commandName(node string) string {
	var words strings.Builder
	for i, r := range strings.TrimSuffix(node, "Stmt") {
		if i > 0 && unicode.IsUpper(r) {
			words.WriteByte(' ')
		}
		words.WriteRune(unicode.ToUpper(r))
	}
	switch words.String() {
	case "CREATE":
		return "CREATE TABLE"
	case "VARIABLE SET":
		return "SET"
	default:
		return words.String()
	}
}

// function finds the schema of a function that may be called: a listed one of pg_catalog, or one that the policy lists.
func (w *walker) function(schema, name string) (string, error) {
	v := w.rewriter.functions.resolve(schema, name)
	if v.outcome == allowed {
		return pgCatalog, nil
	}
	if found, ok := w.rewriter.listedFunction(schema, name, w.plan); ok {
		return found, nil
	}
	if v.outcome == missing {
		return "", w.deny(FunctionDenied, stateUndefinedFunction, "function %s does not exist", name)
	}
	return "", w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function %s", name).hint("%s is %s.", name, v.reason)
}

// mayCall says whether pg_catalog's functions of that name are on the list.
func (g *Rewriter) mayCall(name string) bool {
	return g.functions.resolve(pgCatalog, name).outcome == allowed
}

func (w *walker) operatorNamed(schema, name string) error {
	v := w.rewriter.functions.operator(schema, name)
	switch v.outcome {
	case allowed:
		return nil
	case missing:
		return w.deny(FunctionDenied, stateUndefinedFunction, "operator does not exist: %s", name)
	case denied:
	}
	return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for operator %s", name).hint("%s is %s.", name, v.reason)
}

func (w *walker) castType(schema, name string) (expr.Type, error) {
	t, ok := w.rewriter.functions.castType(schema, name)
	switch {
	case ok:
		return t, nil
	case t.Schema != pgCatalog: // a hidden table's row type is answered like a missing one
		return t, w.deny(FunctionDenied, stateUndefinedObject, "type %q does not exist", name)
	default:
		return t, w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for type %s", name)
	}
}

// isVolatile says whether two calls of a function may differ.
func (g *Rewriter) isVolatile(name string) bool {
	for _, f := range g.snapshot.Schema.Functions[name] {
		if f.Volatility != 'i' && f.Volatility != 's' {
			return true
		}
	}
	return false
}

// inCatalog says whether an unqualified name is found in pg_catalog before the search path is looked at. Every name there begins with pg_,
// and none of them may be read.
func (g *Rewriter) inCatalog(name string) bool { return strings.HasPrefix(name, "pg_") }

// shadowedOperators lists the operators that a schema on the search path has beside pg_catalog.
func shadowedOperators(s *catalog.Schema) map[string]bool {
	shadowed := map[string]bool{}
	for _, path := range s.SearchPath {
		for name, operators := range s.Operators {
			for _, o := range operators {
				if o.Schema == path {
					shadowed[name] = true
				}
			}
		}
	}
	return shadowed
}

func itoa(i int32) string { return strconv.Itoa(int(i)) }
