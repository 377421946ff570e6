package tests

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTenantsLockNumbersOfTheirOwn takes the same advisory locks in two tenants, twice in one, and directly.
func TestTenantsLockNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "advisory")
	nia, nat, gus, opal := dial(t, p.dsn("nia")), dial(t, p.dsn("nat")), dial(t, p.dsn("gus")), dial(t, p.dsn("opal"))
	direct := dial(t, pg.adminDSN("advisory"))
	answer := func(c *client, sql string) string {
		o := c.query(t, sql)
		require.Nil(t, o.err, "%s: %v", sql, o.err)
		require.Equal(t, direct.query(t, "SELECT pg_try_advisory_xact_lock(1, 2)").fields != "", o.fields != "")
		return o.rows[0][0]
	}
	for _, key := range []string{"42", "1, 2", "-9223372036854775808"} {
		try, unlock := "SELECT pg_try_advisory_lock("+key+")", "SELECT pg_advisory_unlock("+key+")"
		require.Equal(t, `"t"`, answer(nia, try), key)
		require.Equal(t, `"f"`, answer(nat, try), "another session of the tenant: %s", key)
		require.Equal(t, `"t"`, answer(gus, try), "another tenant: %s", key)
		require.Equal(t, `"t"`, answer(opal, try), "nobody's tenant: %s", key)
		require.Equal(t, `"t"`, direct.query(t, try).rows[0][0], "the database itself: %s", key)
		require.Equal(t, `"t"`, answer(nia, unlock), key)
		require.Equal(t, `"t"`, answer(nat, try), key)
		require.Empty(t, nat.query(t, "SELECT pg_advisory_unlock_all()").code())
		require.Equal(t, `"t"`, answer(nia, try), key)
		require.Equal(t, "NULL", answer(nia, "SELECT pg_try_advisory_lock(NULL)"))
	}
	require.Empty(t, nia.query(t, "PREPARE l AS SELECT pg_try_advisory_lock($1); EXECUTE l(7)").code())
	require.Equal(t, `"f"`, answer(nat, "SELECT pg_try_advisory_lock(7)"))
	require.Equal(t, "42501", dial(t, p.dsn("kim")).query(t, "SELECT pg_advisory_lock(1)").code())
}
