package casebook

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/document"
)

// Read reads files of cases. Faults in them are catalog.Problems, all of one run; any other error means that a file could not be read.
func Read(paths ...string) ([]*File, error) {
	r := &reader{}
	var files []*File
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the tests: %w", err)
		}
		files = append(files, r.file(path, text))
	}
	return files, r.problems.Err()
}

// reader collects what is wrong with the files.
type reader struct{ problems catalog.Problems }

func (r *reader) add(at document.Place, code, format string, args ...any) {
	r.problems = append(r.problems, catalog.Problem{
		File: at.Name(), Line: at.Line, Col: at.Col, Code: code, Message: fmt.Sprintf(format, args...), Excerpt: at.Excerpt(),
	})
}

// Codes of what may be wrong with a file, beside those that policies have.
const (
	codeNoClaim     = "no_claim"
	codeUnreadable  = "unreadable"
	codeSecondClaim = "second_claim"
)

func (r *reader) file(path string, text []byte) *File {
	f := &File{Path: path}
	documents, faults := document.Parse(path, text)
	for _, fault := range faults {
		code := catalog.CodeYAMLSyntax
		if fault.Duplicate {
			code = catalog.CodeDuplicateKey
		}
		r.add(fault.Place, code, "%s", fault.Message)
	}
	start := document.Place{File: document.NewFile(path, text), Line: 1, Col: 1}
	if len(documents) != 1 {
		if len(faults) == 0 {
			r.add(start, catalog.CodeWrongShape, "a file of tests is one YAML document")
		}
		return f
	}
	top := documents[0]
	if version := top.Get("wherewall_tests"); version == nil || version.Text != "1" {
		r.add(start, catalog.CodeWrongShape, "begin with `wherewall_tests: 1`")
	}
	r.fields(top, "the file", map[string]func(*document.Node){
		"wherewall_tests": func(*document.Node) {},
		"dataset":         func(n *document.Node) { f.Dataset = r.dataset(n, filepath.Dir(path)) },
		"login":           func(n *document.Node) { f.Login = r.word(n, "login") },
		"cases":           func(n *document.Node) { f.Cases = r.cases(n) },
	})
	if top.Kind == document.Map && len(f.Cases) == 0 && top.Get("cases") == nil {
		r.add(start, codeNoClaim, "the file has no cases")
	}
	return f
}

// fields reads the entries of a map by key, and refuses keys that nobody reads.
func (r *reader) fields(n *document.Node, what string, known map[string]func(*document.Node)) {
	if !r.is(n, document.Map, what) {
		return
	}
	for _, e := range n.Entries {
		read, ok := known[e.Key.Text]
		if !ok {
			r.add(e.Key.Place, catalog.CodeUnknownKey, "%s has no key %q; it has %s", what, e.Key.Text, strings.Join(sortedKeys(known), ", "))
			continue
		}
		read(e.Value)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reader) is(n *document.Node, kind document.Kind, what string) bool {
	if n.Kind != kind {
		r.add(n.Place, catalog.CodeWrongShape, "%s must be %s, and is %s", what, kind, n.Kind)
		return false
	}
	return true
}

func (r *reader) word(n *document.Node, what string) string {
	if !r.is(n, document.Scalar, what) {
		return ""
	}
	if n.Text == "" {
		r.add(n.Place, catalog.CodeWrongShape, "%s is empty", what)
	}
	return n.Text
}

// dataset reads what to load: files by their path beside this one, and {sql: TEXT}.
func (r *reader) dataset(n *document.Node, beside string) []Source {
	items := []*document.Node{n}
	if n.Kind == document.List {
		items = n.Items
	}
	var sources []Source
	for _, item := range items {
		if item.Kind == document.Map {
			r.fields(item, "an item of dataset", map[string]func(*document.Node){
				"sql": func(sql *document.Node) { sources = append(sources, Source{Place: sql.Place, SQL: r.word(sql, "sql")}) },
			})
			continue
		}
		name := r.word(item, "an item of dataset")
		if name == "" {
			continue
		}
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(beside, name)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			r.add(item.Place, codeUnreadable, "%v", err)
			continue
		}
		sources = append(sources, Source{Place: item.Place, SQL: string(text), Path: path})
	}
	return sources
}
