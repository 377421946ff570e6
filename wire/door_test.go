package wire

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOneDoor pins who may put bytes on the way to the server. A new way has to be added here, and thought about.
func TestOneDoor(t *testing.T) {
	t.Parallel()
	callers := map[string][]string{}
	for _, f := range functionsHere(t) {
		noteCalls(callers, f)
	}
	t.Run("templates are rendered in one function", func(t *testing.T) {
		require.Equal(t, []string{"requests.sendSQL"}, callers["AppendSQL"])
	})
	t.Run("client bytes go through as they are in messages without SQL only", func(t *testing.T) {
		require.ElementsMatch(t, []string{
			"requests.handle", // Sync
			"requests.bind", "requests.describe", "requests.execute", "requests.executeMoving", "requests.executeLoading", "requests.close",
		}, callers["q.forward"])
	})
	t.Run("the server is written to by the requests half only", func(t *testing.T) {
		require.ElementsMatch(t, []string{
			"requests.relay", "requests.holdBind", "requests.askForReplies", "requests.sendOwn", "requests.terminate",
			"requests.bindSubject", // whose values are emptied
			"requests.sendAbout",
		}, callers["q.out.write"])
		require.Equal(t, []string{"requests.sendSQL"}, callers["q.out.take"])
		require.Equal(t, []string{"requests.sendSQL"}, callers["q.out.send"])
		require.Empty(t, callers["s.server.Conn.Write"])
		require.Equal(t, []string{"bypass.requests"}, callers["b.server.Conn.Write"], "for nobody but those whom the policy names as unfiltered")
		require.Empty(t, callers["p.server.Conn.Write"])
		require.ElementsMatch(t, []string{"Backend.ask", "Backend.leave"}, callers["b.Conn.Write"], "between two sessions")
		require.Equal(t, map[string][]string{"appendQuery": {"Backend.answers", "Backend.washed"}}, usesIn(t, "appendQuery"), "constant texts")
		require.Empty(t, callers["q.server.Conn.Write"])
	})
}

// functionsHere are the functions of this package that are no tests.
func functionsHere(t *testing.T) []*ast.FuncDecl {
	t.Helper()
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	var all []*ast.FuncDecl
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		require.NoError(t, err)
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

// usesIn tells in which functions names are used, other than in signatures and as receivers.
func usesIn(t *testing.T, names ...string) map[string][]string {
	t.Helper()
	uses := map[string][]string{}
	for _, f := range functionsHere(t) {
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && slices.Contains(names, id.Name) && !slices.Contains(uses[id.Name], nameOf(f)) {
				uses[id.Name] = append(uses[id.Name], nameOf(f))
			}
			return true
		})
	}
	for _, where := range uses {
		slices.Sort(where)
	}
	return uses
}

// nameOf is a function's name, with that of its receiver's type before it.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	return of.(*ast.Ident).Name + "." + f.Name.Name
}

// noteCalls notes the function as a caller of every selector in it, once, by its last name and in full.
func noteCalls(callers map[string][]string, f *ast.FuncDecl) {
	name := nameOf(f)
	seen := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			for _, key := range []string{s.Sel.Name, path(s)} {
				if !seen[key] {
					seen[key] = true
					callers[key] = append(callers[key], name)
				}
			}
		}
		return true
	})
}

func path(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return path(e.X) + "." + e.Sel.Name
	default:
		return "?"
	}
}
