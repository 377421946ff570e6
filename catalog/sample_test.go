package catalog_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

func TestTheSamplesPolicyBindsToItsSchema(t *testing.T) {
	t.Parallel()
	admin := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	ddl, err := os.ReadFile("../examples/saas/schema.sql")
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), string(ddl))
	require.NoError(t, err)
	schema, err := catalog.LoadSchema(t.Context(), admin)
	require.NoError(t, err)
	p, err := catalog.ReadPolicy("../examples/saas/policy")
	require.NoError(t, err)
	s, problems := catalog.Bind(p, schema)
	require.Empty(t, problems)
	require.NotEmpty(t, s.Entities)
}
