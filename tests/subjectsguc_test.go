package tests

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// turnsDrawn is what both sides are told in one go: texts that are simple queries of their own, or one batch of the extended protocol.
type turnsDrawn struct {
	texts []string
	batch bool
}

// drawStep draws what a session may do around a setting.
func drawStep(r *rand.Rand) string {
	name := []string{"a", "b"}[r.IntN(2)]
	user := []string{"kim", "wil", "lee@acme"}[r.IntN(3)]
	switch r.IntN(18) {
	case 0, 1, 2:
		return "BEGIN"
	case 3, 4:
		return "COMMIT"
	case 5:
		return "ROLLBACK"
	case 6:
		return "COMMIT AND CHAIN"
	case 7, 8:
		return "SAVEPOINT " + name
	case 9:
		return "RELEASE " + name
	case 10, 11:
		return "ROLLBACK TO " + name
	case 12:
		return `SET "wherewall"."user" = '` + user + "'"
	case 13, 14:
		return `SET LOCAL "wherewall"."user" = '` + user + "'"
	case 15:
		return []string{`RESET "wherewall"."user"`, "RESET ALL", "DISCARD ALL", `SET LOCAL "wherewall"."user" TO DEFAULT`}[r.IntN(4)]
	case 16:
		return "SELECT 1/0"
	default:
		return "SELECT 1"
	}
}

func drawTurns(r *rand.Rand) turnsDrawn {
	d := turnsDrawn{texts: []string{drawStep(r)}}
	if d.batch = r.IntN(2) == 0; d.batch {
		for range r.IntN(4) {
			d.texts = append(d.texts, drawStep(r))
		}
	}
	return d
}

// answer is what a client learns of both the statements and the setting afterwards; own stands for nobody.
func (d turnsDrawn) answer(t *testing.T, c *client, show, own string) string {
	t.Helper()
	var o *outcome
	if d.batch {
		o = batch(t, c, all(d.texts...)...)
	} else {
		o = c.query(t, d.texts[0])
	}
	now := ""
	if o.status != 'E' {
		now = strings.TrimPrefix(told(c.query(t, show)), own)
	}
	return fmt.Sprintf("%v %s %c %v: %s", o.tags, o.code(), o.status, o.notices, now)
}

// TestTheSubjectIsKeptAsASettingIs draws sessions and says them to PostgreSQL, where the setting is one of its own, and through Wherewall, where it is the
// subject: whatever transactions, savepoints, errors and pipelines do to the one they do to the other.
func TestTheSubjectIsKeptAsASettingIs(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_guc")
	sessions := 60
	if testing.Short() {
		sessions = 10
	}
	for seed := range sessions {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		direct, through := dial(t, pg.dsn(serviceRole, servicePassword, "subjects_guc")), dial(t, p.dsn("pool"))
		var said []string
		for range 60 {
			d := drawTurns(r)
			said = append(said, fmt.Sprint(d.batch, " ", strings.Join(d.texts, "; ")))
			want := d.answer(t, direct, "SELECT coalesce(current_setting('wherewall.user', true), '')", "")
			got := d.answer(t, through, `SELECT CASE current_user WHEN 'lee' THEN 'lee@acme' ELSE current_user END`, "pool")
			require.Equal(t, want, got, "seed %d:\n%s", seed, strings.Join(said, "\n"))
		}
		direct.close()
		through.close()
	}
}
