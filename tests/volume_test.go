package tests

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestBigValuesPass sends 50 MB up and gets them back.
func TestBigValuesPass(t *testing.T) {
	db := newWireDatabase(t, "big_values")
	db.reset(t)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	conn, err := pgconn.Connect(ctx, db.through)
	require.NoError(t, err)
	defer conn.Close(ctx)
	value := make([]byte, 50<<20)
	for i := range value {
		value[i] = byte(i * 7)
	}
	sum := md5.Sum(value)
	r := conn.ExecParams(ctx, "UPDATE item SET data = $1 WHERE id = 1", [][]byte{value}, nil, []int16{1}, nil).Read()
	require.NoError(t, r.Err)
	require.Equal(t, "UPDATE 1", r.CommandTag.String())
	require.Equal(t, hex.EncodeToString(sum[:]), pg.rows(t, db.name, "SELECT md5(data) FROM item WHERE id = 1")[0][0])
	r = conn.ExecParams(ctx, "SELECT data FROM item WHERE id = 1", nil, nil, nil, []int16{1}).Read()
	require.NoError(t, r.Err)
	require.Equal(t, sum, md5.Sum(r.Rows[0][0]))
}

// TestASlowReaderBoundsMemory lets a client sit on an answer of 400 MB. The proxy in this process must not take it in.
func TestASlowReaderBoundsMemory(t *testing.T) {
	p := newSampleProxy(t, "slow_reader")
	c := dial(t, p.dsn("kim"))
	before := memoryInUse()
	c.Send(&pgproto3.Query{String: "SELECT repeat('x', 1000000) FROM generate_series(1, 400)"})
	require.NoError(t, c.Flush())
	_, err := c.next()
	require.NoError(t, err)
	peak := uint64(0)
	for range 30 {
		time.Sleep(50 * time.Millisecond)
		peak = max(peak, memoryInUse())
	}
	require.Less(t, int64(peak)-int64(before), int64(24<<20), "what nobody reads must wait in the server")
	// What was held back is still complete. Closing early would hide a truncation.
	rows := 0
	for {
		m, err := c.next()
		require.NoError(t, err)
		if d, ok := m.(*pgproto3.DataRow); ok && len(d.Values[0]) == 1000000 {
			rows++
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			break
		}
	}
	require.Equal(t, 400, rows)
}

// TestASlowServerBoundsMemory pours statements into a session whose server is busy: they wait in the client's socket.
func TestASlowServerBoundsMemory(t *testing.T) {
	p := newSampleProxy(t, "slow_server")
	c := dial(t, p.dsn("kim"))
	c.Send(&pgproto3.Query{String: endless})
	require.NoError(t, c.Flush())
	before := memoryInUse()
	statement, err := (&pgproto3.Query{String: "SELECT '" + strings.Repeat("y", 1<<20) + "'"}).Encode(nil)
	require.NoError(t, err)
	sent := 0
	for range 200 {
		require.NoError(t, c.conn.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
		n, err := c.conn.Write(statement)
		sent += n
		if err != nil {
			break
		}
	}
	require.Less(t, sent, 200<<20, "nothing held the client back")
	require.Less(t, int64(memoryInUse())-int64(before), int64(48<<20))
	// A plain close would wait in line behind what nobody reads; the client that dies resets its connection.
	require.NoError(t, c.conn.(*net.TCPConn).SetLinger(0))
	require.NoError(t, c.conn.Close())
	awaitSessions(t, "slow_server", 0)
}

func memoryInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
