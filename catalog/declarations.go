package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/wherewall/wherewall/catalog/document"
)

// Declaration is one thing that a policy declares, in the one spelling of the many that mean the same. Two policies whose declarations are equal are the same
// policy, wherever they stand.
type Declaration struct {
	Section string // the key of the document that it stands under, such as users
	Name    string // of an entry of a map; of what has no name, its own JSON
	Value   *document.Node
}

// JSON is the value as JSON.
func (d Declaration) JSON() string { return string(d.Value.JSON()) }

// IsPeople says whether the declaration is of what a store holds beside a model in files.
func (d Declaration) IsPeople() bool {
	return slices.Contains([]string{"tenants", "users", "groups", "resource_grants"}, d.Section)
}

// ReadDeclarations reads what a policy's files declare. The policy has to be one that ReadPolicy finds no fault with.
func ReadDeclarations(path string) ([]Declaration, error) {
	names, err := policyFiles(path)
	if err != nil {
		return nil, err
	}
	c := &declarations{}
	for _, name := range names {
		text, err := readFile(name)
		if err != nil {
			return nil, err
		}
		documents, faults := document.Parse(name, text)
		if len(faults) > 0 {
			return nil, fmt.Errorf("%s: %s", faults[0].Place, faults[0].Message)
		}
		for _, d := range documents {
			c.document(d)
		}
	}
	return c.sorted(), nil
}

// Declarations are what a population declares, the model included where it has one.
func (p *Population) Declarations() []Declaration {
	c := &declarations{}
	for _, d := range p.Model {
		c.document(d)
	}
	for section, members := range map[string][]Member{"tenants": p.Tenants, "users": p.Users, "groups": p.Groups} {
		for _, m := range members {
			c.add(section, m.Name.Text, m.Value)
		}
	}
	for _, m := range p.Grants {
		c.add("resource_grants", "", m.Value)
	}
	return c.sorted()
}

// DigestOf is a digest of declarations: the same for the same policy.
func DigestOf(all []Declaration) string {
	h := sha256.New()
	for _, d := range all {
		fmt.Fprintf(h, "%q %q %s\n", d.Section, d.Name, d.JSON())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// declarations collects. Lists that several documents have are one list.
type declarations struct {
	all     []Declaration
	matched []*document.Node
	audited []*document.Node
}

func (c *declarations) document(d *document.Node) {
	for _, e := range d.Entries {
		switch section := e.Key.Text; section {
		case "wherewall":
		case "base_role", "star", "trust":
			c.all = append(c.all, Declaration{section, "", document.NewText(e.Value.Place, e.Value.Text)})
		case "defaults":
			if match := e.Value.Get("match"); match != nil {
				c.matched = append(c.matched, match.Items...)
			}
		case "audit":
			if entities := e.Value.Get("entities"); entities != nil {
				c.audited = append(c.audited, entities.Items...)
			}
		case "resource_grants":
			for _, item := range e.Value.Items {
				c.add(section, "", item)
			}
		default:
			for _, entry := range e.Value.Entries {
				c.add(section, entry.Key.Text, entry.Value)
			}
		}
	}
}

func (c *declarations) add(section, name string, value *document.Node) {
	d := Declaration{section, name, spelled(section, value)}
	if name == "" {
		d.Name = d.JSON()
	}
	c.all = append(c.all, d)
}

func (c *declarations) sorted() []Declaration {
	if len(c.matched) > 0 {
		items := document.NewList(document.Place{})
		for _, item := range c.matched {
			items.Items = append(items.Items, canonicalMatch(item))
		}
		c.all = append(c.all, Declaration{"defaults", "", document.NewMap(document.Place{}).With("match", items)})
	}
	if len(c.audited) > 0 {
		entities := sortedList(document.NewList(document.Place{}, c.audited...))
		c.all = append(c.all, Declaration{"audit", "", document.NewMap(document.Place{}).With("entities", entities).With("rows", document.NewText(document.Place{}, "keys"))})
	}
	slices.SortFunc(c.all, func(a, b Declaration) int {
		return cmp.Or(cmp.Compare(a.Section, b.Section), cmp.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(c.all, func(a, b Declaration) bool { return a.Section == b.Section && a.Name == b.Name })
}
