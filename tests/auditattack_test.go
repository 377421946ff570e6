package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/wire"
)

func TestEachStatementOfAMessageIsRecordedWhenItsClientVanishes(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_vanishes", func(o *proxyOptions, _ *audit.Options) {
		o.configure = func(c *wire.Config) { c.LoginDelay = -1 }
	})
	c := dial(t, a.dsn("kim"))
	// The rows of the second statement make PostgreSQL tell of the end of the first.
	c.Send(&pgproto3.Query{String: "SELECT code FROM app.country; SELECT repeat('x', 1000) FROM app.task a, app.task b, app.task c, app.task d, app.task e, app.task f, app.task g, app.task h; " +
		"UPDATE app.task SET title = title WHERE assignee_id = 'kim'"})
	require.NoError(t, c.Flush())
	require.Eventually(t, func() bool { return a.server.Stats().Statements[wire.Completed] == 1 }, patience, time.Millisecond)
	require.NoError(t, c.conn.Close())
	require.Eventually(t, func() bool { return a.server.Sessions() == 0 }, patience, 5*time.Millisecond)
	var said [][2]string
	for _, r := range only(a.records(t), "statement") {
		said = append(said, [2]string{r.text("statement"), r.text("end")})
	}
	require.Equal(t, [][2]string{{"SELECT", ""}, {"SELECT", "aborted"}, {"UPDATE", "aborted"}}, said)
	require.Zero(t, a.trail.Stats().Queue)
}

func TestAMessageIsRefusedThatHasMoreStatementsThanCanBeRecorded(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_many", func(_ *proxyOptions, o *audit.Options) {
		o.Queue, o.Patience = 16*4, 20*time.Millisecond // four records a lane
	})
	c := dial(t, a.dsn("kim"))
	require.Eventually(t, func() bool { return a.trail.Stats().Queue == 0 }, patience, time.Millisecond) // the login is written
	update := "UPDATE app.task SET title = 'many' WHERE assignee_id = 'kim';"
	require.Equal(t, "58030", c.query(t, strings.Repeat(update, 5)).code())
	require.Equal(t, byte('I'), c.status)
	require.Equal(t, "", c.query(t, strings.Repeat(update, 3)).code())
	c.close()
	require.Len(t, only(a.records(t), "statement"), 4, "the refusal and what fits")
	require.Zero(t, a.trail.Stats().Dropped)
}

// One session must not be able to take the room of the others, which would be refused then.
func TestOneSessionDoesNotHoldAllTheRoomForRecords(t *testing.T) {
	t.Parallel()
	const portals = 2000
	a := newAudited(t, "audit_hoards", nil)
	c := dial(t, a.dsn("kim"))
	send := func(messages ...pgproto3.FrontendMessage) {
		for _, m := range messages {
			c.Send(m)
		}
	}
	send(&pgproto3.Query{String: "BEGIN"})
	_, err := c.outcome()
	require.NoError(t, err)
	send(&pgproto3.Parse{Name: "s", Query: "SELECT code FROM app.country"})
	for i := range portals {
		name := fmt.Sprint("p", i)
		send(&pgproto3.Bind{DestinationPortal: name, PreparedStatement: "s"}, &pgproto3.Execute{Portal: name, MaxRows: 1})
	}
	send(&pgproto3.Sync{})
	o, err := c.outcome()
	require.NoError(t, err)
	require.Empty(t, o.code())
	require.Eventually(t, func() bool { return a.trail.Stats().Queue <= 256 }, patience, time.Millisecond, "what is held for portals")
	c.close()
	require.Len(t, only(a.records(t), "statement"), portals+1)
	require.Zero(t, a.trail.Stats().Queue)
}
