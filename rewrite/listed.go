package rewrite

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// listedFunction finds the schema of a function outside pg_catalog that the policy lists, so that the subject may call it. A name
// stands for all of its overloads there, so all must be listed; and an unqualified one must be found in a single schema, or the server
// might choose another. The subject must be able to read whatever the function may expose.
func (g *Rewriter) listedFunction(schema, name string, p *plan.Plan) (string, bool) {
	found, single := g.functionSchema(schema, name)
	if !single || found == pgCatalog {
		return "", false
	}
	for _, f := range g.snapshot.Schema.Functions[name] {
		if f.Schema == found && (f.Kind == 'p' || !g.mayCallListed(f, name, p)) {
			return "", false
		}
	}
	return found, true
}

// functionSchema is where a name is found; single is false where that could be several schemas, or none.
func (g *Rewriter) functionSchema(schema, name string) (found string, single bool) {
	for _, f := range g.snapshot.Schema.Functions[name] {
		reachable := f.Schema == schema
		if schema == "" {
			reachable = f.Schema == pgCatalog || slices.Contains(g.snapshot.Schema.SearchPath, f.Schema)
		}
		switch {
		case !reachable || f.Schema == found:
		case found != "":
			return "", false
		default:
			found = f.Schema
		}
	}
	return found, found != ""
}

func (g *Rewriter) isListed(f catalog.Function, name string) bool { return g.listing(f, name) != nil }

// listing is what the policy says of a function; nil where that is nothing.
func (g *Rewriter) listing(f catalog.Function, name string) *catalog.ListedFunction {
	qualified := f.Schema + "." + name
	if listed := g.snapshot.Functions[qualified]; listed != nil {
		return listed
	}
	return g.snapshot.Functions[qualified+"("+strings.Join(f.Args, ", ")+")"]
}

func (g *Rewriter) mayCallListed(f catalog.Function, name string, p *plan.Plan) bool {
	listed := g.listing(f, name)
	return listed != nil && !slices.ContainsFunc(listed.Reads, func(entity string) bool {
		return p.Rule(entity, catalog.Read).Kind == plan.NoAccess
	})
}
