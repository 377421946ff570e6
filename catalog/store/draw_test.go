package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
)

// drawn is SQL that changes something about people, or nothing.
func drawn(r *rand.Rand) string {
	user := fmt.Sprintf("(SELECT id FROM wherewall.app_user WHERE name = 'u%d')", r.IntN(6))
	tenant := fmt.Sprintf("t%d", r.IntN(4))
	role := []string{"member", "billing", "clerk", "looker"}[r.IntN(4)]
	group := fmt.Sprintf("(SELECT id FROM wherewall.grp WHERE name = 'g%d')", r.IntN(4))
	other := r.IntN(6)
	all := []string{
		fmt.Sprintf("INSERT INTO wherewall.app_user (name) VALUES ('u%d') ON CONFLICT DO NOTHING", other),
		"DELETE FROM wherewall.app_user WHERE id = " + user,
		fmt.Sprintf("UPDATE wherewall.app_user SET name = 'u%d' WHERE id = %s AND NOT EXISTS (SELECT FROM wherewall.app_user WHERE name = 'u%[1]d')", other, user),
		"UPDATE wherewall.app_user SET active = NOT active WHERE id = " + user,
		"INSERT INTO wherewall.tenant (id) VALUES ('" + tenant + "') ON CONFLICT DO NOTHING",
		fmt.Sprintf("UPDATE wherewall.tenant SET parent_id = (SELECT id FROM wherewall.tenant WHERE id < '%s' ORDER BY id DESC LIMIT 1) WHERE id = '%[1]s'", tenant),
		"DELETE FROM wherewall.tenant t WHERE id = '" + tenant + "' AND NOT EXISTS (SELECT FROM wherewall.tenant c WHERE c.parent_id = t.id)",
		"UPDATE wherewall.tenant SET active = NOT active WHERE id = '" + tenant + "'",
		"INSERT INTO wherewall.membership (user_id, tenant_id) SELECT u.id, t.id FROM wherewall.app_user u, wherewall.tenant t WHERE u.id = " + user + " AND t.id = '" + tenant + "' ON CONFLICT DO NOTHING",
		"DELETE FROM wherewall.membership WHERE user_id = " + user + " AND tenant_id = '" + tenant + "'",
		"UPDATE wherewall.membership SET active = NOT active, valid_until = '2030-01-01' WHERE user_id = " + user,
		"INSERT INTO wherewall.member_role SELECT user_id, tenant_id, '" + role + "' FROM wherewall.membership WHERE user_id = " + user + " ON CONFLICT DO NOTHING",
		"DELETE FROM wherewall.member_role WHERE role = '" + role + "' AND tenant_id = '" + tenant + "'",
		"INSERT INTO wherewall.role (tenant_id, name, replaces) SELECT id, 'clerk', 'clerk' FROM wherewall.tenant WHERE id = '" + tenant + "' ON CONFLICT DO NOTHING",
		"INSERT INTO wherewall.role_grant (role_id, permission, scope) SELECT id, 'look', 'tenant' FROM wherewall.role ORDER BY id DESC LIMIT 1",
		"UPDATE wherewall.role_grant SET role_id = (SELECT id FROM wherewall.role ORDER BY id DESC LIMIT 1)",
		"DELETE FROM wherewall.role WHERE tenant_id = '" + tenant + "'",
		fmt.Sprintf("INSERT INTO wherewall.grp (tenant_id, name, bounded) SELECT id, 'g%d', true FROM wherewall.tenant WHERE id = '%s' ON CONFLICT DO NOTHING", r.IntN(4), tenant),
		"DELETE FROM wherewall.grp WHERE id = " + group,
		"INSERT INTO wherewall.grp_member SELECT g.id, g.tenant_id, m.user_id FROM wherewall.grp g JOIN wherewall.membership m USING (tenant_id) WHERE g.id = " + group + " ON CONFLICT DO NOTHING",
		"UPDATE wherewall.grp_member m SET grp_id = g.id FROM wherewall.grp g WHERE g.tenant_id = m.tenant_id AND NOT EXISTS (SELECT FROM wherewall.grp_member o WHERE o.grp_id = g.id)",
		"INSERT INTO wherewall.grp_role SELECT id, '" + role + "' FROM wherewall.grp WHERE id = " + group + " ON CONFLICT DO NOTHING",
		"INSERT INTO wherewall.grp_resource (grp_id, entity, keys) SELECT id, 'project', '[1, 2]' FROM wherewall.grp WHERE id = " + group + " ON CONFLICT DO NOTHING",
		"INSERT INTO wherewall.resource_grant (user_id, tenant_id, role, resources) SELECT user_id, tenant_id, '" + role + "', '{\"project\": [3]}' FROM wherewall.membership WHERE user_id = " + user,
		"UPDATE wherewall.resource_grant g SET user_id = m.user_id FROM wherewall.membership m WHERE m.tenant_id = g.tenant_id",
		"DELETE FROM wherewall.resource_grant WHERE user_id = " + user,
		"INSERT INTO wherewall.user_attr (user_id, name, value) SELECT id, 'max_amount', '" + fmt.Sprint(other) + "' FROM wherewall.app_user WHERE id = " + user + " ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value",
	}
	return all[r.IntN(len(all))]
}

// TestDrawnChangesAreTakenOverAsIfAllWereRead makes transactions of changes that nobody thought of, some of which are taken back in part.
func TestDrawnChangesAreTakenOverAsIfAllWereRead(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.assignable(t)
	s.does(t, "INSERT INTO wherewall.tenant (id) VALUES ('t0'), ('t1'); INSERT INTO wherewall.app_user (name) VALUES ('u0'), ('u1'), ('u2')")
	policy, snapshot, v := s.read(t)
	const seed = 5
	r := rand.New(rand.NewPCG(seed, seed))
	amended := 0
	for round := range 150 {
		var did []string
		tx, err := s.admin.Begin(t.Context())
		require.NoError(t, err)
		for range 1 + r.IntN(4) {
			sql := drawn(r)
			part, err := tx.Begin(t.Context())
			require.NoError(t, err)
			_, err = part.Exec(t.Context(), sql)
			if err != nil || r.IntN(5) == 0 {
				require.NoError(t, part.Rollback(t.Context()))
				continue
			}
			require.NoError(t, part.Commit(t.Context()))
			did = append(did, sql)
		}
		require.NoError(t, tx.Commit(t.Context()))
		change, next, ok, err := store.Since(t.Context(), s.admin, v)
		require.NoError(t, err)
		require.True(t, ok)
		if change == nil {
			continue
		}
		var problems catalog.Problems
		policy, snapshot, problems, err = catalog.Amend(policy, snapshot, *change)
		require.NoError(t, err, did)
		require.NoError(t, problems.Err(), did)
		_, whole, _ := s.read(t)
		require.Equal(t, whole.Users, snapshot.Users, "round %d of seed %d: %v", round, seed, did)
		alike(t, whole, snapshot)
		v = next
		amended++
	}
	require.Greater(t, amended, 60)
}
