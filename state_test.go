package wherewall_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPackagesKeepNoState reads every source of the product: what a session may see must depend on its arguments, never
// on what another session left in a package variable.
func TestPackagesKeepNoState(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		s := parse(t, p.Dir, slices.Concat(p.GoFiles, p.CgoFiles))
		for _, fault := range slices.Concat(s.inits(), s.variables()) {
			t.Error(fault)
		}
		for _, files := range [][]string{p.TestGoFiles, p.XTestGoFiles} {
			for _, fault := range parse(t, p.Dir, files).inits() {
				t.Error(fault)
			}
		}
	}
}

func TestStateIsFound(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source string
		faults int
	}{
		"an init function":                      {`func init() {}`, 1},
		"a method named init is not one":        {`type a struct{}; func (a) init() {}`, 0},
		"a variable without a value":            {`var count int`, 1},
		"a mutex":                               {`import "sync"; var mu = sync.Mutex{}`, 1},
		"a pointer":                             {`type a struct{}; var shared = &a{}`, 1},
		"an exported table":                     {`var Table = map[string]bool{"a": true}`, 1},
		"a table that is never written":         {`var table = map[string]bool{"a": true}; func f() bool { return table["a"] }`, 0},
		"a table that is written":               {`var table = map[string]bool{"a": true}; func f() { table["b"] = true }`, 1},
		"a table that is emptied":               {`var table = map[string]bool{"a": true}; func f() { clear(table) }`, 1},
		"a field that is written":               {`var limits = struct{ n int }{1}; func f() { limits.n++ }`, 1},
		"an address that is taken":              {`var n = 1; func f() *int { return &n }`, 1},
		"a local of the same name is no state":  {`var n = 1; func f() { n := 2; n++; _ = n }`, 0},
		"an error":                              {`import "errors"; var ErrGone = errors.New("gone")`, 0},
		"an error that is replaced":             {`import "errors"; var ErrGone = errors.New("gone"); func f() { ErrGone = nil }`, 1},
		"a compile-time assertion":              {`type i interface{}; var _ i = 1`, 0},
		"a pattern":                             {`import "regexp"; var word = regexp.MustCompile("a")`, 0},
		"an embedded file":                      {"import _ \"embed\"\n\n//go:embed a.txt\nvar text string", 0},
		"a value computed once and for ever":    {`import "sync"; var table = sync.OnceValue(func() int { return 1 })`, 0},
		"a value that the linker fills in main": {"// version is set by the linker.\nvar version = \"dev\"", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, "a.go", "package a\n"+c.source, parser.ParseComments)
			require.NoError(t, err)
			s := resolve(fset, []*ast.File{file})
			require.Len(t, slices.Concat(s.inits(), s.variables()), c.faults)
		})
	}
}

// sources are the files of one package with their identifiers resolved. Foreign packages are not loaded: what a foreign
// name means is not needed, and loading cgo's would take minutes.
type sources struct {
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

func parse(t *testing.T, dir string, names []string) sources {
	t.Helper()
	fset := token.NewFileSet()
	files := make([]*ast.File, 0, len(names))
	for _, name := range names {
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	return resolve(fset, files)
}

func resolve(fset *token.FileSet, files []*ast.File) sources {
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: noImporter{}, FakeImportC: true, Error: func(error) {}}
	_, _ = config.Check("p", fset, files, info) // errors are expected: every foreign name is unknown
	return sources{fset: fset, files: files, info: info}
}

type noImporter struct{}

func (noImporter) Import(string) (*types.Package, error) { return nil, errors.New("not loaded") }

func (s sources) inits() []string {
	var faults []string
	for _, file := range s.files {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				faults = append(faults, s.at(f.Pos())+" declares an init function: start-up work belongs to a function that main calls")
			}
		}
	}
	return faults
}

// variables returns a sentence for each package variable that is, or could be, changed after its declaration.
func (s sources) variables() []string {
	var faults []string
	written := s.written()
	for _, file := range s.files {
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.VAR {
				continue
			}
			for _, spec := range group.Specs {
				v := spec.(*ast.ValueSpec)
				if embedded(group.Doc) || embedded(v.Doc) {
					continue
				}
				for i, name := range v.Names {
					if why := s.fault(v, i, written); why != "" {
						faults = append(faults, fmt.Sprintf("%s: package variable %s %s", s.at(name.Pos()), name.Name, why))
					}
				}
			}
		}
	}
	return faults
}

func (s sources) fault(v *ast.ValueSpec, i int, written map[types.Object]token.Pos) string {
	name := v.Names[i]
	if name.Name == "_" {
		return ""
	}
	if pos, ok := written[s.info.Defs[name]]; ok {
		return "is changed, or its address taken, at " + s.at(pos)
	}
	if i >= len(v.Values) {
		return "has no value of its own, so it is there to be changed: keep it in a struct"
	}
	sentinel := calls(v.Values[i], "errors.New") || calls(v.Values[i], "fmt.Errorf")
	if name.IsExported() && !sentinel {
		return "is exported, so any package may change it: export a function"
	}
	if holdsState(v.Values[i]) {
		return "holds a lock, a pointer or a channel: keep it in a struct"
	}
	return ""
}

// holdsState says whether a variable's value can change without an assignment to the variable.
func holdsState(value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.UnaryExpr:
		return v.Op == token.AND
	case *ast.CompositeLit:
		selector, ok := v.Type.(*ast.SelectorExpr)
		return ok && (isName(selector.X, "sync") || isName(selector.X, "atomic"))
	case *ast.CallExpr:
		return isName(v.Fun, "new") || isName(v.Fun, "make")
	}
	return false
}

// written finds the package variables that a function assigns to, wholly or in part, clears or takes the address of.
func (s sources) written() map[types.Object]token.Pos {
	found := map[types.Object]token.Pos{}
	mark := func(e ast.Expr) {
		if object := s.info.Uses[root(e)]; object != nil && object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
			found[object] = e.Pos()
		}
	}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					mark(e)
				}
			case *ast.IncDecStmt:
				mark(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					mark(n.X)
				}
			case *ast.CallExpr:
				if (isName(n.Fun, "delete") || isName(n.Fun, "clear") || isName(n.Fun, "copy")) && len(n.Args) > 0 {
					mark(n.Args[0])
				}
			}
			return true
		})
	}
	return found
}

// root is the identifier that an assignable expression starts with: a in a.b[i].
func root(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SliceExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return nil
}

func calls(e ast.Expr, name string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && isName(selector.X, strings.Split(name, ".")[0]) && selector.Sel.Name == strings.Split(name, ".")[1]
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

func (s sources) at(pos token.Pos) string {
	p := s.fset.Position(pos)
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}
