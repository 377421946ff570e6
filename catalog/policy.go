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
	model       string         // the version of everything but people that a store holds
	baseRole    *document.Node // nil for none
	attributes  map[string]*attributeDecl
	entities    map[string]*entityDecl
	permissions map[string]*permissionDecl
	roles       map[string]*roleDecl
	tenants     map[string]*tenantDecl
	users       map[string]*User
	direct      *document.Node // the first role that a user has outside of tenants; nil for none
	groups      map[string]*groupDecl
	functions   map[string]*functionDecl
	patterns    []*patternDecl
	star        *document.Node // nil for omit
	trust       *document.Node // nil for standard
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
	p, err := newReader().policies(names, readFile, nil)
	if err != nil {
		return nil, err
	}
	return p, p.problems.Err()
}

// Problems are those found by reading alone, warnings included.
func (p *Policy) Problems() Problems { return slices.Clone(p.problems) }

// Unfiltered are the users whom nothing of the policy holds for, by name.
func (p *Policy) Unfiltered() []string {
	var names []string
	for name, u := range p.users {
		if u.Unfiltered {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

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

func readFile(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	return text, nil
}

func newReader() *policyReader { return &policyReader{policy: newPolicy()} }

// policies reads files one after the other, and then what a store holds; nil is no store. Users come last, since they are checked against
// everything else.
func (r *policyReader) policies(names []string, read func(name string) ([]byte, error), people *Population) (*Policy, error) {
	digest := sha256.New()
	for _, name := range names {
		text, err := read(name)
		if err != nil {
			return nil, err
		}
		// The length keeps two ways to cut the same bytes into files apart.
		fmt.Fprintf(digest, "%d\n", len(text))
		digest.Write(text)
		r.file(name, text)
	}
	if people != nil {
		r.population(people)
	}
	if r.language == nil && !r.policy.broken {
		r.add(firstPlace(names), CodeUnknownKey,
			"begin with `wherewall: 1`", "the version of the language is missing")
	}
	r.policy.version = hex.EncodeToString(digest.Sum(nil))
	r.policy.model = r.policy.version
	if people != nil {
		r.policy.model = versionOf(r.policy.model, people.ModelVersion)
		r.policy.version = versionOf(r.policy.model, people.Version)
	}
	r.link()
	r.policy.problems = r.sorted()
	return r.policy, nil
}

// versionOf is the version of something that consists of two.
func versionOf(model, people string) string {
	sum := sha256.Sum256([]byte(model + " " + people))
	return hex.EncodeToString(sum[:])
}

func firstPlace(names []string) document.Place {
	if len(names) == 0 {
		return document.Place{File: &document.File{Name: "db:setting"}}
	}
	return document.Place{File: document.NewFile(names[0], nil), Line: 1, Col: 1}
}

// file reads one file. Lists of tenants, groups and users are read entry by entry.
func (r *policyReader) file(name string, text []byte) {
	documents, sections, faults := document.ParseSplit(name, text, "tenants", "groups", "users")
	r.faults(faults)
	for _, d := range documents {
		r.document(d)
	}
	for _, s := range sections {
		if r.modelOnly {
			continue
		}
		switch s.Key.Text {
		case "tenants":
			r.faults(s.Each(r.tenant))
		case "groups":
			r.faults(s.Each(r.group))
		default:
			r.people = append(r.people, s.Each)
		}
	}
}

func (r *policyReader) faults(faults []document.Fault) {
	for _, f := range faults {
		code := CodeYAMLSyntax
		if f.Duplicate {
			code = CodeDuplicateKey
		}
		r.add(f.Place, code, "", "%s", f.Message)
	}
	r.policy.broken = r.policy.broken || len(faults) > 0
}

func newPolicy() *Policy {
	return &Policy{
		attributes:  map[string]*attributeDecl{},
		entities:    map[string]*entityDecl{},
		permissions: map[string]*permissionDecl{},
		roles:       map[string]*roleDecl{},
		tenants:     map[string]*tenantDecl{},
		users:       map[string]*User{},
		groups:      map[string]*groupDecl{},
		functions:   map[string]*functionDecl{},
	}
}
