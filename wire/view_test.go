package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/plan"
)

func TestAViewEndsWithItsMembership(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	c := &Config{Now: func() time.Time { return noon }}
	require.False(t, (&view{}).over(c))
	require.False(t, (&view{plan: &plan.Plan{}}).over(c))
	require.False(t, (&view{plan: &plan.Plan{Until: "2026-01-03"}}).over(c))
	require.True(t, (&view{plan: &plan.Plan{Until: "2026-01-02"}}).over(c))
}

func TestAViewEndsWithItsToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	c := &Config{Now: func() time.Time { return now }}
	v := &view{plan: &plan.Plan{}, who: identity{token: &token.Identity{Expires: now.Add(time.Second)}}}
	require.False(t, v.over(c))
	now = now.Add(time.Second)
	require.True(t, v.over(c))
}

func TestATokenSpeaksForItsUserAndTenantAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		says    token.Identity
		subject plan.Subject
		proven  bool
	}{
		{"its own", token.Identity{User: "moe", Tenant: "acme"}, plan.Subject{User: "moe", Tenant: "acme"}, true},
		{"no tenant said", token.Identity{User: "moe"}, plan.Subject{User: "moe", Tenant: "acme"}, true},
		{"another tenant", token.Identity{User: "moe", Tenant: "acme"}, plan.Subject{User: "moe", Tenant: "globex"}, false},
		{"no tenant where one is said", token.Identity{User: "moe", Tenant: "acme"}, plan.Subject{User: "moe"}, false},
		{"another user", token.Identity{User: "ann"}, plan.Subject{User: "moe"}, false},
		{"a name that is taken for a login", token.Identity{User: "moe@acme"}, plan.Subject{User: "moe", Tenant: "acme"}, false},
	} {
		require.Equal(t, c.proven, identity{token: &c.says}.proves(c.subject) == nil, c.name)
	}
	require.Nil(t, identity{}.proves(plan.Subject{User: "moe"}), "a password proves the login, whoever that is")
}
