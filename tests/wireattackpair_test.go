package tests

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// utterance is one step of a random conversation: what Wherewall hears, and what PostgreSQL hears in its place. They differ where
// Wherewall refuses what PostgreSQL would do; PostgreSQL then hears something that fails in the same way.
type utterance struct{ through, direct pgproto3.FrontendMessage }

func toBoth(m pgproto3.FrontendMessage) utterance { return utterance{m, m} }

// refusedSQL stands for a statement that Wherewall refuses.
const refusedSQL = "SELECT pg_sleep(0)"

func unrefused(sql string) string {
	if strings.Contains(sql, "pg_sleep") {
		return "SELECT nonesuch(0)"
	}
	return sql
}

func singleStatements() []string {
	return []string{
		"SELECT id, name FROM item ORDER BY id", "SELECT $1::int4, id FROM item WHERE id < 3 ORDER BY 2",
		"INSERT INTO part (item_id, label) VALUES (1, 'x')", "INSERT INTO part (item_id, label) VALUES (2, 'x'), (3, 'q') RETURNING id, label",
		"INSERT INTO part (item_id, label) VALUES (2, $1) RETURNING id", "UPDATE part SET label = 'z'",
		"UPDATE part SET label = 'w' WHERE id = 1 RETURNING label, id", "DELETE FROM part WHERE id > 3", "DELETE FROM part WHERE id = 2 RETURNING id",
		"BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "", "-- nothing", "SELEC 1", "SELECT 1/0",
		"SELECT 1/(id-2) FROM item ORDER BY id", refusedSQL, "INSERT INTO item (id, name) VALUES (1, 'dup')", "SELECT generate_series(1,5)",
		"SELECT id FROM part ORDER BY id FOR UPDATE", "SELECT",
	}
}

func queryTexts() []string {
	return append(singleStatements(),
		"SELECT 1; INSERT INTO part (item_id, label) VALUES (1,'m'); SELECT 2", "SELECT 1; SELECT 1/0; SELECT 2", ";;", "COMMIT; SELECT 1",
		"INSERT INTO part (item_id, label) VALUES (1,'m') RETURNING id; DELETE FROM part WHERE id > 4; SELECT 2",
		"BEGIN; UPDATE part SET label='o'; ", "SELECT 1; "+refusedSQL, "SET application_name = 'z'; SHOW application_name")
}

// longName is as long as the server looks at names, less one: longName+"x" and longName+"xy" are the same to it.
var longName = strings.Repeat("n", 62)

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func statementName(r *rand.Rand) string {
	return pick(r, "", "", "a", "b", longName+"x", longName+"xy", "ww_refused")
}

func portalName(r *rand.Rand) string {
	return pick(r, "", "", "p", "q", longName+"x", longName+"xz")
}

// utter makes up one message.
func utter(r *rand.Rand) utterance {
	switch n := r.IntN(100); {
	case n < 25:
		name, sql := statementName(r), pick(r, singleStatements()...)
		return utterance{&pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Parse{Name: name, Query: unrefused(sql)}}
	case n < 50:
		b := &pgproto3.Bind{DestinationPortal: portalName(r), PreparedStatement: statementName(r)}
		if r.IntN(4) == 0 {
			b.Parameters = [][]byte{[]byte("7")}
		}
		b.ResultFormatCodes = pick(r, nil, nil, nil, []int16{0}, []int16{1}, []int16{1, 0}, []int16{1, 1, 1})
		return toBoth(b)
	case n < 62:
		return toBoth(&pgproto3.Execute{Portal: portalName(r), MaxRows: pick[uint32](r, 0, 0, 0, 1, 2)})
	case n < 67:
		return toBoth(&pgproto3.Describe{ObjectType: 'S', Name: statementName(r)})
	case n < 72:
		return toBoth(&pgproto3.Describe{ObjectType: 'P', Name: portalName(r)})
	case n < 75:
		return toBoth(&pgproto3.Close{ObjectType: 'S', Name: statementName(r)})
	case n < 78:
		return toBoth(&pgproto3.Close{ObjectType: 'P', Name: portalName(r)})
	case n < 88:
		return toBoth(&pgproto3.Sync{})
	case n < 90:
		return toBoth(&pgproto3.Flush{})
	case n < 91:
		return utterance{&pgproto3.FunctionCall{Function: 1598}, &pgproto3.Query{String: unrefused(refusedSQL)}}
	case n < 92:
		return toBoth(&pgproto3.CopyData{Data: []byte("late")})
	default:
		sql := pick(r, queryTexts()...)
		return utterance{&pgproto3.Query{String: sql}, &pgproto3.Query{String: unrefused(sql)}}
	}
}

const lastWords = "SELECT 'last words'"

// conversation makes up messages and ends them so that the other side's last answer is known.
func conversation(r *rand.Rand) []utterance {
	var said []utterance
	for range 3 + r.IntN(25) {
		said = append(said, utter(r))
	}
	for _, m := range []pgproto3.FrontendMessage{&pgproto3.Sync{}, &pgproto3.Query{String: "ROLLBACK"}, &pgproto3.Query{String: lastWords}} {
		said = append(said, toBoth(m))
	}
	return said
}

// hear reads up to the answer to the last words.
func (c *client) hear() ([]string, error) {
	var heard []string
	for last := false; ; {
		m, err := c.next()
		if err != nil {
			return append(heard, "end"), err
		}
		l := line(m)
		last = last || strings.Contains(l, "last words")
		heard = append(heard, l)
		if _, ready := m.(*pgproto3.ReadyForQuery); ready && last {
			return heard, nil
		}
	}
}

// knownDifference matches what may differ: long names, and a count of columns that has one of ours in it.
var knownDifference = regexp.MustCompile(`n{62}\w*|has \d+ result formats but query has \d+ columns`)

// line is what a conversation remembers of a message; empty for what only PostgreSQL says.
func line(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ErrorResponse:
		switch m.Code {
		case "42501", "42883", "0A000":
			return "refused"
		case "34000", "55000":
			return "no such portal" // one that was run may be gone, or not yet
		}
		return fmt.Sprintf("error %s %s at %d", m.Code, knownDifference.ReplaceAllString(m.Message, "#"), m.Position)
	case *pgproto3.NoticeResponse:
		return "" // only some are passed on
	case *pgproto3.RowDescription:
		return "fields " + originless.ReplaceAllString(describeFields(m.Fields), "")
	case *pgproto3.DataRow:
		return fmt.Sprintf("row %q", m.Values)
	default:
		return fmt.Sprintf("%T %+v", m, m)
	}
}

var originless = regexp.MustCompile(`table=\d+/\d+ `)

// TestRandomConversations has the same random conversations with PostgreSQL and with Wherewall before it, and wants the same answers.
// What the checks of new rows need in secret must not show in any order of messages.
func TestRandomConversations(t *testing.T) {
	t.Parallel()
	newWireTables(t, "talk_through")
	newWireTables(t, "talk_direct")
	p := startChanging(t, "talk_through", "", wirePolicy(writeItems))
	const scripts, together = 300, 5
	for i := 0; i < scripts; i += together {
		for _, database := range []string{"talk_through", "talk_direct"} {
			pg.exec(t, database, "TRUNCATE part RESTART IDENTITY; INSERT INTO part (item_id, label) VALUES (1,'a'), (2,'b')")
		}
		through, direct := dial(t, p.dsn("app")), dial(t, pg.dsn(serviceRole, servicePassword, "talk_direct"))
		for n := range together {
			said := conversation(rand.New(rand.NewPCG(11, uint64(i+n))))
			for _, u := range said {
				through.Send(u.through)
				direct.Send(u.direct)
			}
			require.NoError(t, through.Flush())
			require.NoError(t, direct.Flush())
			want, err := direct.hear()
			require.NoError(t, err)
			got, err := through.hear()
			require.NoError(t, err)
			require.Equal(t, audible(want), audible(got), "conversation %d: %s", i+n, transcriptOf(said))
		}
		through.close()
		direct.close()
	}
}

// TestRandomConversationsUnderChange changes the policy during random conversations. Answers then are a matter of time, but every
// conversation must come to its end, and nothing that is ours may show.
func TestRandomConversationsUnderChange(t *testing.T) {
	t.Parallel()
	newWireTables(t, "talk_changing")
	p := startChanging(t, "talk_changing", "", wirePolicy(writeItems))
	original := p.world.Load()
	narrow, free := worldOf(t, "talk_changing", wirePolicy("")), worldOf(t, "talk_changing", strings.Replace(wirePolicy(writeItems), `{parts: {where: "id > 0"}}`, "parts", 1))
	for i := range 60 {
		p.world.Store(original)
		c := dial(t, p.dsn("app"))
		r := rand.New(rand.NewPCG(12, uint64(i)))
		for _, u := range conversation(r) {
			c.Send(u.through)
			if r.IntN(3) == 0 {
				require.NoError(t, c.Flush())
				time.Sleep(time.Duration(r.IntN(500)) * time.Microsecond)
				p.world.Store(pick(r, original, narrow, free))
			}
		}
		require.NoError(t, c.Flush())
		heard, err := c.hear()
		require.NoError(t, err)
		require.NotContains(t, strings.ReplaceAll(strings.Join(heard, "\n"), "ww_refused", ""), "ww_")
		c.close()
	}
}

// audible leaves out what was not passed on.
func audible(lines []string) []string {
	var kept []string
	for _, l := range lines {
		if l != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

// transcriptOf shows a conversation in a failed test's message.
func transcriptOf(said []utterance) string {
	var b strings.Builder
	for _, u := range said {
		fmt.Fprintf(&b, "\n\t%T%+v", u.through, u.through)
	}
	return b.String()
}
