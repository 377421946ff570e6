package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// example loads a sample's database and binds its policy.
func example(t *testing.T, name string) (*catalog.Snapshot, catalog.Problems, *pgx.Conn) {
	t.Helper()
	admin := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	dir := filepath.Join("..", "examples", name)
	for _, file := range []string{"schema.sql", "grants.sql", "seed.sql"} {
		sql, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		_, err = admin.Exec(t.Context(), string(sql))
		require.NoError(t, err, file)
	}
	schema, err := catalog.LoadSchema(t.Context(), admin)
	require.NoError(t, err)
	p, err := catalog.ReadPolicy(filepath.Join(dir, "policy"))
	require.NoError(t, err)
	s, problems := catalog.Bind(p, schema)
	return s, problems, admin
}

func TestTheSamplesPoliciesBindToTheirSchemas(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"saas", "bi", "hospital"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, problems, _ := example(t, name)
			for _, p := range problems {
				require.Equal(t, catalog.CodeNotEnforced, p.Code, p.Message)
			}
			require.NotEmpty(t, s.Entities)
		})
	}
}

func TestTheHospitalsConditionsMeanOneRow(t *testing.T) {
	t.Parallel()
	s, _, _ := example(t, "hospital")
	clinician := s.Roles["clinician"]
	where := clinician.Grants[2].Where["patient"].(expr.And).Terms
	require.Len(t, where, 1, "both comparisons are about one row of the team")
	team := where[0].(expr.Exists)
	require.Equal(t, "care_team", team.Path[0].Table)
	require.Len(t, team.Where.(expr.And).Terms, 2)
	notes := clinician.Grants[3].Where["note"].(expr.Exists)
	require.Len(t, notes.Path, 2)

	find := s.Permissions["find_patient"].Operations[0]
	require.Equal(t, []string{"id", "given_name", "family_name", "ward"}, find.Columns)
	require.Equal(t, expr.SQL{
		Text: "pg_catalog.date_trunc('year', birth_date)::pg_catalog.date", Columns: []string{"birth_date"}, Type: typ("date"),
	}, find.Mask["birth_date"])
	require.Equal(t, expr.Me{Name: "id", Type: typ("text")}, s.Permissions["write_notes"].Operations[0].Set["author_id"])
	require.True(t, s.Entities["note"].AuditKeys)
	require.False(t, s.Entities["staff"].AuditKeys)
	require.NotNil(t, s.Entities["patient"].Always)
	require.Equal(t, map[string]catalog.Period{"north": {From: "2026-01-01", Until: "2028-01-01"}}, s.Users["fay"].Periods)
	path, ok := s.PathTo("note", "patient")
	require.True(t, ok)
	require.Equal(t, "patient", path[0].Relation)
	_, ok = s.PathTo("patient", "note")
	require.False(t, ok)
}
