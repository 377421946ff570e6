package examples_test

import (
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

func TestTheSampleLoads(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), admin, "it's secret"))

	t.Run("its tenants have believable and different amounts of rows", func(t *testing.T) {
		rows, err := admin.Query(t.Context(), `SELECT p.org_id, count(*) FROM app.task t JOIN app.project p ON p.id = t.project_id GROUP BY 1`)
		require.NoError(t, err)
		type count struct {
			Org   string
			Tasks int
		}
		counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[count])
		require.NoError(t, err)
		require.ElementsMatch(t, []count{{"acme", 678}, {"globex", 432}, {"initech", 245}}, counts)
	})
	t.Run("the service login is weak", func(t *testing.T) {
		svc := pgtest.Connect(t, server.DSN(examples.ServiceLogin, "it's secret", "postgres"))
		var tasks int
		require.NoError(t, svc.QueryRow(t.Context(), "SELECT count(*) FROM task").Scan(&tasks))
		require.Positive(t, tasks)
		for _, sql := range []string{
			"SELECT * FROM app.audit_log", "DROP TABLE task", "TRUNCATE task", "CREATE TABLE app.x ()", "DELETE FROM country",
			"CREATE ROLE x", "SET ROLE postgres",
		} {
			_, err := svc.Exec(t.Context(), sql)
			require.Error(t, err, sql)
		}
	})
	t.Run("an update touches updated_at", func(t *testing.T) {
		var touched bool
		require.NoError(t, admin.QueryRow(t.Context(),
			"UPDATE app.task SET title = title WHERE id = 1 RETURNING updated_at = now()").Scan(&touched))
		require.True(t, touched)
	})
}

func TestThePolicyIsCompiledIn(t *testing.T) {
	t.Parallel()
	policy, err := examples.Policy()
	require.NoError(t, err)
	names, err := fs.Glob(policy, "*.yaml")
	require.NoError(t, err)
	require.Equal(t, []string{"entities.yaml", "people.yaml", "roles.yaml"}, names)
}
