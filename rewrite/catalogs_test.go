package rewrite

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// TestEveryCatalogIsClassified fails on relations and columns of the server at hand that nobody has looked at. make test-all-versions asks all.
func TestEveryCatalogIsClassified(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	schema, err := catalog.LoadSchema(t.Context(), pgtest.Connect(t, server.AdminDSN("postgres")))
	require.NoError(t, err)
	require.Greater(t, len(schema.Catalogs), 190)
	listed := parseCatalogs(catalogsText)
	for name, has := range schema.Catalogs {
		table := listed[name]
		require.NotNil(t, table, "%s.%s has no class in catalogs.txt: newer servers may add catalogs, and each is hidden until one is written down", name.Schema, name.Name)
		if table.class != openCatalog && table.class != oneRowCatalog {
			continue
		}
		for _, c := range has.Columns {
			_, ok := table.column(c.Name)
			require.True(t, ok, "%s.%s.%s is not in catalogs.txt", name.Schema, name.Name, c.Name)
		}
	}
}

func TestCatalogListReads(t *testing.T) {
	t.Parallel()
	known := []string{"all", "attributes", "columns", "object", "own", "database", "shared", "settings"}
	list := parseCatalogs(catalogsText)
	for _, table := range list {
		full := table.name.Schema + "." + table.name.Name
		require.Equal(t, table.class == openCatalog, len(table.filters) > 0, full)
		require.Equal(t, table.class == openCatalog || table.class == oneRowCatalog, len(table.columns) > 0, full)
		var names []string
		for _, c := range table.columns {
			names = append(names, c.name)
			require.Equal(t, table.name.Name == "pg_attribute" && !c.constant && c.name != "attrelid" && c.name != "attnum", c.hides, "%s.%s", full, c.name)
			require.True(t, c.constant || table.class == openCatalog, "%s.%s: one row is made of constants", full, c.name)
			require.False(t, strings.HasPrefix(c.text, "@") && !slices.Contains([]string{"@null", "@user", "@role", "@checks", "@default", "@path", "@dropped", "@empty"}, c.text), "%s.%s=%s", full, c.name, c.text)
		}
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "%s has a column twice", full)
		for _, c := range table.sorted {
			require.Contains(t, names, c, full)
		}
		for _, f := range table.filters {
			byName := (&Rewriter{}).nameFilter(f, &visibleObjects{}, "x") != nil
			byClass := list[catalog.RelationName{Schema: pgCatalog, Name: f.name}] != nil
			require.True(t, byName || byClass || slices.Contains(known, f.name), "%s: no filter is called %s", full, f.name)
			for _, c := range f.columns {
				if c != "" {
					require.Contains(t, names, c, full)
				}
			}
		}
	}
}
