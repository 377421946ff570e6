package tests

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestTheProcessIsTheOneThatTheClientWasToldOf(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), newSampleProxy(t, "process").dsn("kim@acme"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(t.Context())) })
	for _, sql := range []string{"SELECT pg_backend_pid()", "SELECT p.pg_backend_pid FROM (SELECT pg_catalog.pg_backend_pid()) p"} {
		var pid uint32
		require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&pid), sql)
		require.Equal(t, conn.PgConn().PID(), pid, sql)
	}
}
