package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// TestNotNullHoldsForWhatAQueryFinds asks the server which columns do show NULL.
func TestNotNullHoldsForWhatAQueryFinds(t *testing.T) {
	t.Parallel()
	admin := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	_, err := admin.Exec(t.Context(), `
CREATE TABLE plain (org text NOT NULL, other text);
CREATE TABLE parent (org text NOT NULL, other text NOT NULL);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE grandchild () INHERITS (child);
CREATE TABLE parted (org text NOT NULL) PARTITION BY LIST (org);
CREATE TABLE part PARTITION OF parted DEFAULT;
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE far (org text NOT NULL) SERVER nowhere;
CREATE TABLE old (org text, other text);
INSERT INTO old VALUES (NULL, 'x')`)
	require.NoError(t, err)
	// Some versions refuse one of these; what the tables then show is the measure.
	for _, s := range []string{
		"ALTER TABLE grandchild ALTER org DROP NOT NULL; INSERT INTO grandchild VALUES (NULL, 'x')",
		"ALTER TABLE old ADD CONSTRAINT later NOT NULL org NOT VALID",
		"ALTER TABLE old ALTER other SET NOT NULL",
	} {
		if _, err := admin.Exec(t.Context(), s); err != nil {
			t.Log(s, err)
		}
	}
	schema, err := catalog.LoadSchema(t.Context(), admin)
	require.NoError(t, err)
	column := func(table, name string) bool {
		return schema.Relations[catalog.RelationName{Schema: "public", Name: table}].Column(name).NotNull
	}
	for _, table := range []string{"plain", "parent", "child", "grandchild", "parted", "part", "old"} {
		var nulls int
		require.NoError(t, admin.QueryRow(t.Context(), "SELECT count(*) FROM "+table+" WHERE org IS NULL").Scan(&nulls))
		require.Equal(t, nulls == 0, column(table, "org"), table)
	}
	require.False(t, column("far", "org"), "nobody enforces a foreign table's constraints")
	require.True(t, column("parent", "other"))
	require.True(t, column("old", "other"))
	require.False(t, column("plain", "other"))
}

// TestTemporalForeignKeysAreNoRelations has a key whose rows are found by what their periods have in common.
func TestTemporalForeignKeysAreNoRelations(t *testing.T) {
	t.Parallel()
	admin := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	_, err := admin.Exec(t.Context(), `CREATE TABLE org (id int PRIMARY KEY);
CREATE TABLE stay (room int4range, during daterange, org int REFERENCES org, PRIMARY KEY (room, during))`)
	require.NoError(t, err)
	temporal := `CREATE TABLE span (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
ALTER TABLE stay ADD FOREIGN KEY (room, PERIOD during) REFERENCES span (room, PERIOD during)`
	_, refused := admin.Exec(t.Context(), temporal)
	schema, err := catalog.LoadSchema(t.Context(), admin)
	require.NoError(t, err)
	require.Equal(t, schema.ServerVersion >= 180000, refused == nil, "%v", refused)
	stay := schema.Relations[catalog.RelationName{Schema: "public", Name: "stay"}]
	require.Len(t, stay.ForeignKeys, 1)
	require.Equal(t, "org", stay.ForeignKeys[0].To.Name)
}
