package tests

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// whoDirect and whoThrough ask who is in force: PostgreSQL for the setting, Wherewall for the subject.
const (
	whoDirect  = "SELECT 'who: ' || coalesce(nullif(current_setting('wherewall.user', true), ''), 'pool')"
	whoThrough = "SELECT 'who: ' || CASE current_user WHEN 'lee' THEN 'lee@acme' ELSE current_user END"
)

// neverCommitted is what PostgreSQL 18 says to whatever follows a Sync behind a Query that was sent in the midst of a pipeline: it has told that it is idle, and
// has not committed what came before, which it undoes only now. Whoever is in force then was told otherwise, so nothing is to be learnt from the rest.
const neverCommitted = "XX000"

// drawPipelined draws messages that change or ask who is in force, and that stand in the midst of others. who is the text that asks.
func drawPipelined(r *rand.Rand) func(who string) []pgproto3.FrontendMessage {
	step := drawStep(r)
	switch r.IntN(12) {
	case 0, 1:
		return func(who string) []pgproto3.FrontendMessage { return all(who) }
	case 2, 3, 4:
		return func(string) []pgproto3.FrontendMessage {
			return []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: "who"}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}}
		}
	case 5:
		return func(who string) []pgproto3.FrontendMessage {
			return []pgproto3.FrontendMessage{
				&pgproto3.Close{ObjectType: 'S', Name: "who"}, &pgproto3.Parse{Name: "who", Query: who}, &pgproto3.Flush{}, &pgproto3.Describe{ObjectType: 'S', Name: "who"},
			}
		}
	case 6:
		return func(who string) []pgproto3.FrontendMessage {
			return []pgproto3.FrontendMessage{&pgproto3.Query{String: who}}
		}
	case 7:
		text := []string{"ROLLBACK; BEGIN", "COMMIT; BEGIN; SAVEPOINT a", "BEGIN; SET LOCAL wherewall.user = 'kim'", "SELECT 1; SET wherewall.user = 'wil'", "RESET ALL; BEGIN"}[r.IntN(5)]
		text = strings.ReplaceAll(text, "wherewall.user", `"wherewall"."user"`)
		return func(string) []pgproto3.FrontendMessage {
			return []pgproto3.FrontendMessage{&pgproto3.Query{String: text}}
		}
	case 8:
		user := []string{"kim", "wil", ""}[r.IntN(3)]
		local := []string{"true", "false"}[r.IntN(2)]
		return func(string) []pgproto3.FrontendMessage {
			return []pgproto3.FrontendMessage{
				&pgproto3.Parse{Query: "SELECT set_config('wherewall.user', $1, " + local + ")"}, &pgproto3.Bind{Parameters: [][]byte{[]byte(user)}}, &pgproto3.Flush{}, &pgproto3.Execute{},
			}
		}
	case 9:
		return func(string) []pgproto3.FrontendMessage { return []pgproto3.FrontendMessage{&pgproto3.Sync{}} }
	default:
		return func(string) []pgproto3.FrontendMessage { return all(step) }
	}
}

// pipeline sends messages in one go, and returns what is told of them: who was in force, tags, SQLSTATEs and the states of the transaction.
func pipeline(t *testing.T, c *client, drawn []func(string) []pgproto3.FrontendMessage, who string) string {
	t.Helper()
	for _, messages := range drawn {
		for _, m := range messages(who) {
			c.Send(m)
		}
	}
	c.Send(&pgproto3.Sync{})
	c.Send(&pgproto3.Query{String: "the end"})
	require.NoError(t, c.Flush())
	var heard []string
	for over := false; ; {
		m, err := c.next()
		require.NoError(t, err)
		switch m := m.(type) {
		case *pgproto3.DataRow:
			if strings.HasPrefix(string(m.Values[0]), "who: ") {
				heard = append(heard, string(m.Values[0]))
			}
		case *pgproto3.CommandComplete:
			heard = append(heard, string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			over = m.Code == "42601" || m.Code == neverCommitted
			heard = append(heard, m.Code)
		case *pgproto3.ReadyForQuery:
			heard = append(heard, string(m.TxStatus))
			if over {
				return strings.Join(heard, ", ")
			}
		}
	}
}

// TestWhoIsInForceInThePlaceOfEachStatement draws pipelines that ask who is in force between changes, errors, ends of transactions, Flush and Sync, by new
// statements, by one that was prepared long before, and by simple queries, and holds the answers to those of PostgreSQL about a setting of its own.
func TestWhoIsInForceInThePlaceOfEachStatement(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_places")
	sessions := 40
	if testing.Short() {
		sessions = 8
	}
	for seed := range sessions {
		r := rand.New(rand.NewPCG(uint64(seed), 11))
		direct, through := dial(t, pg.dsn(serviceRole, servicePassword, "subjects_places")), dial(t, p.dsn("pool"))
		for round := range 30 {
			drawn := make([]func(string) []pgproto3.FrontendMessage, 1+r.IntN(12))
			for i := range drawn {
				drawn[i] = drawPipelined(r)
			}
			want, got := pipeline(t, direct, drawn, whoDirect), pipeline(t, through, drawn, whoThrough)
			if want != got {
				for _, messages := range drawn {
					for _, m := range messages("who") {
						t.Logf("%T %+v", m, m)
					}
				}
			}
			require.Equal(t, want, got, "seed %d, round %d", seed, round)
			if strings.Contains(want, neverCommitted) {
				break
			}
		}
		direct.close()
		through.close()
	}
}
