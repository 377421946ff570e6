package rewrite

import (
	_ "embed"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

//go:embed catalogs.txt
var catalogsText string

// catalogClass is what filtered sessions may do with a catalog. The zero class is that of catalogs that they may not read.
type catalogClass uint8

const (
	neverCatalog catalogClass = iota
	emptyCatalog
	oneRowCatalog
	openCatalog
)

// catalogTable is a catalog as sessions see it.
type catalogTable struct {
	name    catalog.RelationName
	class   catalogClass
	oid     uint32
	view    bool
	columns []catalogColumn
	filters []catalogFilter
	sorted  []string // columns that its rows are in the order of; none for any order
}

// catalogColumn is a column of a catalog.
type catalogColumn struct {
	name     string
	typ      catalog.TypeName
	constant bool   // text stands in its place
	hides    bool   // text stands in its place in rows of columns that are not in sight
	text     string // see catalogs.txt
}

// catalogFilter is a condition on a catalog's rows; the columns are its arguments.
type catalogFilter struct {
	name    string
	columns []string
}

// parseCatalogs reads catalogs.txt. The types are not known yet. What it cannot read is not in the list, and so not to be had.
func parseCatalogs(text string) map[catalog.RelationName]*catalogTable {
	list := map[catalog.RelationName]*catalogTable{}
	var at *catalogTable
	for line := range strings.SplitSeq(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t"):
			for _, word := range words {
				at.columns = append(at.columns, parseColumn(word))
			}
		default:
			at = parseCatalog(words)
			list[at.name] = at
		}
	}
	return list
}

func parseColumn(word string) catalogColumn {
	if name, text, hides := strings.Cut(word, "|"); hides {
		return catalogColumn{name: name, hides: true, text: text}
	}
	name, text, constant := strings.Cut(word, "=")
	return catalogColumn{name: name, constant: constant, text: text}
}

func parseCatalog(words []string) *catalogTable {
	t := &catalogTable{name: catalog.RelationName{Schema: pgCatalog, Name: words[0]}}
	if schema, name, qualified := strings.Cut(words[0], "."); qualified {
		t.name = catalog.RelationName{Schema: schema, Name: name}
	}
	if len(words) < 2 {
		return t
	}
	switch words[1] {
	case "open":
		t.class = openCatalog
	case "one":
		t.class = oneRowCatalog
	case "empty":
		t.class = emptyCatalog
	}
	for _, word := range words[2:] {
		name, columns, _ := strings.Cut(strings.TrimSuffix(word, ")"), "(")
		if name == "order" {
			t.sorted = strings.Split(columns, ",")
			continue
		}
		t.filters = append(t.filters, catalogFilter{name, strings.Split(columns, ",")})
	}
	return t
}

// newCatalogs binds the list to the server at hand: its catalogs, with the listed ones of their columns in its order and with its types.
func newCatalogs(s *catalog.Schema) map[catalog.RelationName]*catalogTable {
	bound := map[catalog.RelationName]*catalogTable{}
	for name, listed := range parseCatalogs(catalogsText) {
		server := s.Catalogs[name]
		if server == nil || listed.class == neverCatalog || listed.class == openCatalog && len(listed.filters) == 0 {
			continue
		}
		t := &catalogTable{name: name, class: listed.class, oid: server.OID, view: server.Kind == 'v', filters: listed.filters, sorted: listed.sorted}
		for _, c := range server.Columns {
			if found, ok := listed.column(c.Name); ok {
				found.typ = c.Type
				t.columns = append(t.columns, found)
			}
		}
		bound[name] = t
	}
	return bound
}

// column finds a column that is listed. An empty catalog has all that the server has.
func (t *catalogTable) column(name string) (catalogColumn, bool) {
	if t.class == emptyCatalog {
		return catalogColumn{name: name, constant: true, text: "@null"}, true
	}
	for _, c := range t.columns {
		if c.name == name {
			return c, true
		}
	}
	return catalogColumn{}, false
}
