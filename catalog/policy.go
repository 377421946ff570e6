package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/wherewall/wherewall/catalog/document"
)

// Policy is a policy as it is written: its documents merged and its names linked to each other, and nothing yet
// known of a database. Bind makes a Snapshot of it.
type Policy struct {
	version     string
	baseRole    *document.Node // nil for none
	attributes  map[string]*attributeDecl
	entities    map[string]*entityDecl
	permissions map[string]*permissionDecl
	roles       map[string]*roleDecl
	tenants     map[string]*tenantDecl
	users       map[string]*userDecl
	groups      map[string]*groupDecl
	functions   map[string]*functionDecl
	patterns    []*patternDecl
	star        *document.Node // nil for omit
	audited     []*document.Node
	broken      bool     // a file could not be read whole: what seems missing may stand in the rest
	problems    Problems // of reading and linking
}

// ReadPolicy reads a policy from a file, or from all `*.yaml` of a folder as one.
//
// Where the policy is at fault the error is a Problems, and the Policy is returned too, so that Bind can find the rest;
// Bind tells of the problems found here again. Any other error means that nothing could be read.
func ReadPolicy(path string) (*Policy, error) {
	names, err := policyFiles(path)
	if err != nil {
		return nil, err
	}
	texts := make([][]byte, len(names))
	for i, name := range names {
		if texts[i], err = os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("reading the policy: %w", err)
		}
	}
	p := parsePolicy(names, texts)
	return p, p.problems.Err()
}

// Problems are those found by reading alone, warnings included.
func (p *Policy) Problems() Problems { return slices.Clone(p.problems) }

// Version is a digest of the policy's documents.
func (p *Policy) Version() string { return p.version }

func policyFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == ".yaml" {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("reading the policy: no *.yaml in %s", path)
	}
	return names, nil
}

func parsePolicy(names []string, texts [][]byte) *Policy {
	r := &policyReader{policy: newPolicy()}
	digest := sha256.New()
	for i, name := range names {
		// The length keeps two ways to cut the same bytes into files apart.
		fmt.Fprintf(digest, "%d\n", len(texts[i]))
		digest.Write(texts[i])
		documents, faults := document.Parse(name, texts[i])
		for _, f := range faults {
			code := CodeYAMLSyntax
			if f.Duplicate {
				code = CodeDuplicateKey
			}
			r.add(f.Place, code, "", "%s", f.Message)
		}
		r.policy.broken = r.policy.broken || len(faults) > 0
		for _, d := range documents {
			r.document(d)
		}
	}
	if r.language == nil && !r.policy.broken {
		r.add(document.Place{File: document.NewFile(names[0], texts[0]), Line: 1, Col: 1}, CodeUnknownKey,
			"begin with `wherewall: 1`", "the version of the language is missing")
	}
	r.policy.version = hex.EncodeToString(digest.Sum(nil))
	r.link()
	r.policy.problems = r.sorted()
	return r.policy
}

func newPolicy() *Policy {
	return &Policy{
		attributes:  map[string]*attributeDecl{},
		entities:    map[string]*entityDecl{},
		permissions: map[string]*permissionDecl{},
		roles:       map[string]*roleDecl{},
		tenants:     map[string]*tenantDecl{},
		users:       map[string]*userDecl{},
		groups:      map[string]*groupDecl{},
		functions:   map[string]*functionDecl{},
	}
}
