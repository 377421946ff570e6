package tests

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// leftover is what a session may do with things that outlive a statement: it makes them, or reads what there is under their names.
type leftover func(r *rand.Rand) []pgproto3.FrontendMessage

const rowOfDocs = "SELECT 'row of ' || tenant FROM doc WHERE id < 9 ORDER BY id"

// drawnText is a text in either protocol.
func drawnText(sql string) leftover {
	return func(r *rand.Rand) []pgproto3.FrontendMessage {
		if r.IntN(3) == 0 {
			return []pgproto3.FrontendMessage{&pgproto3.Query{String: sql}}
		}
		return all(sql)
	}
}

func always(messages ...pgproto3.FrontendMessage) leftover {
	return func(*rand.Rand) []pgproto3.FrontendMessage { return messages }
}

// leavings are all ways to leave something in a session that gives rows later.
func leavings() []leftover {
	prepared := func(name, sql string) leftover {
		return always(&pgproto3.Close{ObjectType: 'S', Name: name}, &pgproto3.Parse{Name: name, Query: sql})
	}
	return []leftover{
		drawnText("DECLARE c CURSOR FOR " + rowOfDocs), drawnText("DECLARE h CURSOR WITH HOLD FOR " + rowOfDocs), drawnText("PREPARE s AS " + rowOfDocs),
		drawnText("CREATE TEMP TABLE t AS " + rowOfDocs), drawnText("DISCARD ALL"), drawnText("CLOSE ALL"), drawnText("DEALLOCATE s"),
		prepared("q", rowOfDocs), prepared("e", "EXECUTE s"), prepared("e", "FETCH 2 FROM h"), prepared("e", "FETCH 2 FROM p"),
		always(&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "q"}), always(&pgproto3.Close{ObjectType: 'P', Name: "p"}),
		always(&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "q"}, &pgproto3.Execute{Portal: "p", MaxRows: 1}),
		always(&pgproto3.Bind{PreparedStatement: "e", DestinationPortal: "f"}),
	}
}

// readings are all ways in which rows come out of a session that were, or could have been, asked for earlier.
func readings() []leftover {
	return []leftover{
		drawnText(rowOfDocs), drawnText("FETCH c"), drawnText("FETCH 2 FROM h"), drawnText("FETCH p"), drawnText("EXECUTE s"), drawnText("EXECUTE q"),
		drawnText("SELECT * FROM t"), drawnText("SELECT * FROM pg_temp.t"), drawnText("COPY (" + rowOfDocs + ") TO STDOUT"), drawnText("COPY t TO STDOUT"),
		drawnText("UPDATE doc SET title = title WHERE id = 1 OR id = 3 RETURNING 'row of ' || tenant"),
		always(&pgproto3.Query{String: "PREPARE x AS " + rowOfDocs + "; EXECUTE x; DEALLOCATE x"}),
		always(&pgproto3.Execute{Portal: "p", MaxRows: 2}), always(&pgproto3.Execute{Portal: "c", MaxRows: 1}), always(&pgproto3.Execute{Portal: "h", MaxRows: 1}),
		always(&pgproto3.Describe{ObjectType: 'P', Name: "p"}, &pgproto3.Execute{Portal: "p"}), always(&pgproto3.Execute{Portal: "f", MaxRows: 1}),
		always(&pgproto3.Bind{PreparedStatement: "q"}, &pgproto3.Execute{}), always(&pgproto3.Bind{PreparedStatement: "e"}, &pgproto3.Execute{}),
		always(&pgproto3.Describe{ObjectType: 'S', Name: "q"}, &pgproto3.Flush{}, &pgproto3.Bind{PreparedStatement: "q"}, &pgproto3.Execute{MaxRows: 1}),
	}
}

// drawnTurn is a change of the subject or of the transaction, with nobody but kim and wil to become.
func drawnTurn(r *rand.Rand) []pgproto3.FrontendMessage {
	switch r.IntN(6) {
	case 0:
		return all([]string{"BEGIN", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"}[r.IntN(5)])
	case 1:
		return all([]string{"SAVEPOINT a", "ROLLBACK TO z", "RELEASE a", "SELECT 1/0"}[r.IntN(4)])
	default:
		return all(fmt.Sprintf("SET %s wherewall.user = '%s'", []string{"LOCAL", "SESSION"}[r.IntN(2)], []string{"kim", "wil"}[r.IntN(2)]))
	}
}

// rowsOfSubjects sends messages with a question for the subject before each, and demands of every row that follows that it is of that subject's tenant. It
// returns how many rows were told.
func rowsOfSubjects(t *testing.T, c *client, drawn [][]pgproto3.FrontendMessage) (rows int) {
	t.Helper()
	for _, messages := range drawn {
		c.Send(&pgproto3.Bind{PreparedStatement: "who"})
		c.Send(&pgproto3.Execute{})
		for _, m := range messages {
			c.Send(m)
		}
	}
	c.Send(&pgproto3.Sync{})
	c.Send(&pgproto3.Query{}) // which marks the end, in failed transactions too
	require.NoError(t, c.Flush())
	tenantOf := map[string]string{"kim": "acme", "wil": "globex"}
	who := ""
	take := func(text string) {
		if user, asked := strings.CutPrefix(text, "who: "); asked {
			who = user
		}
		if tenant, found := strings.CutPrefix(text, "row of "); found {
			rows++
			require.Equal(t, tenantOf[who], strings.TrimSpace(tenant), "told to %q", who)
		}
	}
	for over := false; ; {
		m, err := c.next()
		require.NoError(t, err)
		switch m := m.(type) {
		case *pgproto3.DataRow:
			for _, v := range m.Values {
				take(string(v))
			}
		case *pgproto3.CopyData:
			take(string(m.Data))
		case *pgproto3.EmptyQueryResponse:
			over = true
		case *pgproto3.ErrorResponse:
			over = over || m.Code == neverCommitted
			who = "" // until it is asked again: what follows may be behind the end of the transaction
		case *pgproto3.ReadyForQuery:
			if who = ""; over {
				return rows
			}
		}
	}
}

// TestNobodyReadsWhatAnotherLeftInASession draws what two subjects of different tenants do in one session with prepared statements, portals, cursors that are
// held or not, temporary tables and COPY, in pipelines with errors and ends of transactions in their midst. Whatever is told is told to whoever may see it.
func TestNobodyReadsWhatAnotherLeftInASession(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_leftover")
	sessions, rows := 40, 0
	if testing.Short() {
		sessions = 8
	}
	makes, reads := leavings(), readings()
	for seed := range sessions {
		r := rand.New(rand.NewPCG(uint64(seed), 13))
		c := dial(t, p.dsn("pool"))
		for range 80 {
			rows += leaveAndRead(t, c, r, makes, reads)
		}
		c.close()
	}
	require.Greater(t, rows, 30*sessions, "or this has tried nothing")
}

// leaveAndRead makes one thing for one subject, and tries others for whoever is in force then. Errors are taken back to a savepoint, so that most things last.
func leaveAndRead(t *testing.T, c *client, r *rand.Rand, makes, reads []leftover) (rows int) {
	t.Helper()
	switch {
	case c.status == 'I' && r.IntN(3) > 0:
		batch(t, c, all("BEGIN")...)
	case c.status == 'T' && r.IntN(8) == 0:
		batch(t, c, all("COMMIT")...)
	}
	batch(t, c, all([]string{asKim, asWil}[r.IntN(2)])...)
	batch(t, c, &pgproto3.Close{ObjectType: 'S', Name: "who"}, &pgproto3.Parse{Name: "who", Query: "SELECT 'who: ' || current_user"})
	drawn := [][]pgproto3.FrontendMessage{}
	for range r.IntN(3) {
		drawn = append(drawn, drawnTurn(r), reads[r.IntN(len(reads))](r))
	}
	drawn = append(drawn, reads[r.IntN(len(reads))](r))
	for _, messages := range [][][]pgproto3.FrontendMessage{{makes[r.IntN(len(makes))](r)}, drawn} {
		if c.status == 'T' {
			batch(t, c, all("SAVEPOINT z")...)
		}
		rows += rowsOfSubjects(t, c, messages)
		if t.Failed() {
			t.Logf("%+v", messages)
		}
		if c.status == 'E' && batch(t, c, all("ROLLBACK TO z")...).code() != "" {
			batch(t, c, all("ROLLBACK")...)
		}
	}
	return rows
}
