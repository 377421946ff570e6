// Package wherewall_test holds the module to its layout: which package may import which, and what state a package may
// keep. docs/design.md says why.
package wherewall_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module  = "github.com/wherewall/wherewall"
	pgQuery = "github.com/pganalyze/pg_query_go/"
	testify = "github.com/stretchr/testify/"
)

// layers are the packages a statement passes through, the lowest first. A package imports only what stands before it,
// and its own sub-packages.
func layers() []string {
	return []string{"catalog", "plan", "rewrite", "wire", "console", "cmd"}
}

// servants are the packages that layers use and that import none of them.
func servants() []string {
	return []string{"internal", "examples"}
}

// outside are the packages that no layer imports: they look at the product from without, so they may import all of it.
func outside() []string {
	return []string{"tests", "bench", "docs"}
}

// forTests says whether a package serves tests alone: tests itself, and helpers named like net/http/httptest.
func forTests(path string) bool { return part(path) == "tests" || strings.HasSuffix(path, "test") }

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath   string
	Dir          string
	Standard     bool
	GoFiles      []string
	CgoFiles     []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// part is the top-level folder of one of the module's packages, or "" for a foreign package and for the root.
func part(path string) string {
	rest, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// inside says whether path is the module's package dir or below it.
func inside(path, dir string) bool {
	return path == module+"/"+dir || strings.HasPrefix(path, module+"/"+dir+"/")
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json"}, args...)...)
	out, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		require.NoError(t, err, "go list: %s", exit.Stderr)
	}
	require.NoError(t, err, "running go list")

	var all []pkg
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			require.NoError(t, err, "reading the output of go list")
		}
		all = append(all, p)
	}
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		from := part(p.ImportPath)
		if from == "" || slices.Contains(outside(), from) {
			continue
		}
		rank, serves := slices.Index(layers(), from), slices.Contains(servants(), from)
		if !serves && rank < 0 {
			t.Errorf("%s stands in no layer: say in layout_test.go where it belongs", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			to := part(imported)
			switch {
			case to == "" || slices.Contains(servants(), to):
			case slices.Contains(outside(), to):
				t.Errorf("%s imports %s, which only looks at the product from without", p.ImportPath, imported)
			case serves:
				t.Errorf("%s imports %s: packages below %s/ serve the layers and import none of them", p.ImportPath, imported, from)
			case slices.Index(layers(), to) > rank:
				t.Errorf("%s imports %s: imports run one way, %s", p.ImportPath, imported, direction())
			}
		}
	}
}

func direction() string {
	down := slices.Clone(layers())
	slices.Reverse(down)
	return strings.Join(down, " -> ")
}

func TestPlanAndRewriteArePure(t *testing.T) {
	t.Parallel()
	forbidden := []string{"net", "os", "io/ioutil", "context", "log", "time", "syscall", "math/rand", "crypto/rand", "github.com/rs/zerolog"}
	for _, p := range list(t, "./plan/...", "./rewrite/...") {
		for _, imported := range p.Imports {
			for _, name := range forbidden {
				if imported == name || strings.HasPrefix(imported, name+"/") {
					t.Errorf("%s imports %s: plan and rewrite hold no sockets, files, clocks, randomness, logs or contexts", p.ImportPath, imported)
				}
			}
		}
	}
}

func TestTheParserHasFewReaders(t *testing.T) {
	t.Parallel()
	readers := []string{"internal/sqltree", "rewrite", "catalog"}
	for _, p := range list(t, "./...") {
		allowed := slices.ContainsFunc(readers, func(dir string) bool { return inside(p.ImportPath, dir) })
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, pgQuery) && !allowed {
				t.Errorf("%s imports %s: PostgreSQL's syntax trees are known to %s only", p.ImportPath, imported, strings.Join(readers, ", "))
			}
		}
	}
}

func TestArchivedPgproto3IsNotUsed(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", "./...") {
		if strings.HasPrefix(p.ImportPath, "github.com/jackc/pgproto3") {
			t.Errorf("%s is linked in: it is archived with an unfixed denial of service; use github.com/jackc/pgx/v5/pgproto3", p.ImportPath)
		}
	}
}

func TestAssertionsStopATest(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports, p.Imports) {
			if strings.HasPrefix(imported, testify) && imported != testify+"require" {
				t.Errorf("%s imports %s: of testify only require is used, which stops at the first untruth", p.ImportPath, imported)
			}
		}
		if slices.Contains(p.Imports, testify+"require") && !forTests(p.ImportPath) {
			t.Errorf("%s imports testify outside its tests", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if part(imported) != "" && forTests(imported) && !forTests(p.ImportPath) {
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, imported)
			}
		}
	}
}
