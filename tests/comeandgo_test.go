package tests

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// visitor is somebody of one of two tenants who connects, says something that nobody else says, and leaves in one of many ways.
type visitor struct {
	*client
	tenant, word string
}

// departures are the ways in which clients leave.
var departures = []func(*visitor){
	func(v *visitor) { v.close() },
	func(v *visitor) { v.close() },
	func(v *visitor) { _ = v.conn.Close() },
	func(v *visitor) { v.reset() },
	func(v *visitor) { _ = v.conn.(*net.TCPConn).CloseWrite(); v.drain(); _ = v.conn.Close() },
	func(v *visitor) { _, _ = v.conn.Write([]byte{'Q', 0, 0, 1, 0, 'S'}); _ = v.conn.Close() },
	func(v *visitor) { v.say("BEGIN"); v.close() },
	func(v *visitor) { v.say("SELECT repeat('x', 1000) FROM generate_series(1, 5000)"); v.reset() },
	func(v *visitor) { v.say("SELECT count(*) FROM note, generate_series(1, 100000)"); _ = v.conn.Close() },
	func(v *visitor) {
		v.say("SET timezone = 'Asia/Tokyo'; LISTEN news; PREPARE mine AS SELECT 1")
		v.drainTo('I')
		v.close()
	},
	func(v *visitor) { v.say("COPY note (org, body) FROM STDIN"); v.reset() },
	func(v *visitor) { _, _ = v.conn.Write([]byte{'?', 0, 0, 0, 4}); v.drain(); _ = v.conn.Close() },
	func(v *visitor) { v.say("SELECT 1"); v.say("SELECT 2"); v.close() },
}

func (v *visitor) say(sql string) {
	v.Send(&pgproto3.Query{String: sql})
	_ = v.Flush()
}

// reset makes the system throw away what is on its way.
func (v *visitor) reset() {
	_ = v.conn.(*net.TCPConn).SetLinger(0)
	_ = v.conn.Close()
}

func (v *visitor) drain() { v.drainTo(0) }

// drainTo reads until the server is ready and says so, or the end.
func (v *visitor) drainTo(status byte) {
	for {
		m, err := v.next()
		if err != nil {
			return
		}
		if z, ready := m.(*pgproto3.ReadyForQuery); ready && z.TxStatus == status {
			return
		}
	}
}

// looks says what is wrong with what a visitor finds; empty for nothing.
func (v *visitor) looks() string {
	for _, c := range []struct{ sql, want string }{
		{"SELECT '" + v.word + "'", v.word},
		{"SELECT DISTINCT org FROM note", v.tenant},
		{"SHOW timezone", v.settings["TimeZone"]},
		{"SELECT count(*) FROM note", "5"},
		{"SELECT current_setting('transaction_isolation')", "read committed"},
	} {
		o, err := v.simple(c.sql)
		if err != nil || len(o.rows) != 1 || len(o.rows[0]) != 1 || o.rows[0][0] != `"`+c.want+`"` {
			return fmt.Sprintf("%s: %v %v", c.sql, o, err)
		}
	}
	if o, err := v.simple("EXECUTE mine"); err != nil || o.code() != "26000" {
		return fmt.Sprintf("EXECUTE mine: %v %v", o, err)
	}
	return ""
}

// TestVisitorsMeetNobodyElse lets many sessions begin and end at once, each with a server connection that may have been another's.
func TestVisitorsMeetNobodyElse(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_visitors", wire.ServerPool{Size: 10}, "")
	logins := map[string]string{"lee": "acme", "kim": "globex"}
	const visitors, visits = 12, 15
	var all sync.WaitGroup
	for i := range visitors {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(uint64(i), 7))
			for j := range visits {
				login := []string{"lee", "kim"}[draw.IntN(2)]
				c, err := tryDial(s.dsn(login))
				if err != nil {
					t.Errorf("visitor %d, visit %d: %v", i, j, err)
					return
				}
				v := &visitor{c, logins[login], fmt.Sprintf("visitor %d visit %d", i, j)}
				if wrong := v.looks(); wrong != "" {
					t.Errorf("%s as %s: %s", v.word, login, wrong)
				}
				departures[draw.IntN(len(departures))](v)
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { return s.server.Sessions() == 0 }, patience, time.Millisecond)
	require.NotZero(t, s.server.PoolCounts().Reused)
}
