package tests

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// A session holds no more than some buffers of what goes through it, whoever does not read. These tests look at the memory of the process, so
// nothing runs beside them; the bound has room for what else the process does.
const sessionMemory = 12 << 20

const megabyte = 1 << 20

// TestAClientThatDoesNotReadAGigabyte is a client that asks for much and takes its time.
func TestAClientThatDoesNotReadAGigabyte(t *testing.T) {
	newWireDatabase(t, "gigabyte")
	c := dial(t, startProxy(t, wireOptions("gigabyte")).dsn("app"))
	before := heapInUse()
	c.Send(&pgproto3.Query{String: "SELECT repeat('x', 1000) FROM generate_series(1, 1048576)"})
	require.NoError(t, c.Flush())
	requireCount(t, "gigabyte", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'gigabyte' AND wait_event = 'ClientWrite'", 1)
	require.Less(t, heapInUse(), before+sessionMemory, "nobody reads")
	highest := uint64(0)
	kinds := tallied(t, c, 1, func() { highest = max(highest, heapNow()) })
	require.Equal(t, "T:1 D:1048576 C:1 Z:1", kinds)
	require.Less(t, highest, before+sessionMemory, "on the way")
	require.Equal(t, "", c.query(t, "SELECT 1").code(), "the session goes on")
}

// TestAServerThatDoesNotReadAQuarterOfAGigabyte is a server that is busy while its client says more and more.
func TestAServerThatDoesNotReadAQuarterOfAGigabyte(t *testing.T) {
	db := newWireDatabase(t, "quarter")
	db.reset(t)
	c := dial(t, startProxy(t, wireOptions("quarter")).dsn("app"))
	release := holdRows(t, "quarter")
	before := heapInUse()
	const many = 256
	sent := pour(c, many, "UPDATE item SET qty = qty WHERE id = 1", "SELECT length($1::text)")
	requireStall(t, sent)
	require.Less(t, sent.Load(), int64(many*megabyte), "the client was held up")
	require.Less(t, heapInUse(), before+sessionMemory)
	release()
	require.Equal(t, fmt.Sprintf("1:%d 2:%d C:%d D:%d Z:1", 2, many+1, many+1, many), tallied(t, c, 1, func() {}))
	require.Equal(t, "", c.query(t, "SELECT 1").code(), "the session goes on")
}

// TestBothAtOnce is a client that says much and reads nothing, before a server that answers as much: both wait for the other until the client
// reads, as they would without a proxy between them.
func TestBothAtOnce(t *testing.T) {
	newWireDatabase(t, "duplex")
	c := dial(t, startProxy(t, wireOptions("duplex")).dsn("app"))
	before := heapInUse()
	const many = 128
	sent := pour(c, many, "SELECT 0", "SELECT $1::text")
	requireStall(t, sent)
	require.Less(t, sent.Load(), int64(many*megabyte), "the client was held up")
	require.Less(t, heapInUse(), before+sessionMemory)
	require.Equal(t, fmt.Sprintf("1:%d 2:%d D:%d C:%d Z:1", 2, many+1, many+1, many+1), tallied(t, c, 1, func() {}))
	require.Equal(t, "", c.query(t, "SELECT 1").code(), "the session goes on")
}

// pour sends, in the background and as one batch, a statement and then another with a parameter of a megabyte, many times over. It returns how
// many bytes have gone out.
func pour(c *client, many int, first, then string) *atomic.Int64 {
	var sent atomic.Int64
	message := func(m pgproto3.FrontendMessage) []byte {
		b, err := m.Encode(nil)
		if err != nil {
			panic(err) // there is nothing wrong with these
		}
		return b
	}
	bind := message(&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{[]byte(strings.Repeat("x", megabyte))}})
	execute := message(&pgproto3.Execute{})
	go func() {
		say := func(parts ...[]byte) bool {
			for _, p := range parts {
				n, err := c.conn.Write(p)
				sent.Add(int64(n))
				if err != nil {
					return false
				}
			}
			return true
		}
		ok := say(message(&pgproto3.Parse{Query: first}), message(&pgproto3.Bind{}), execute, message(&pgproto3.Parse{Name: "s", Query: then}))
		for i := 0; i < many && ok; i++ {
			ok = say(bind, execute)
		}
		say(message(&pgproto3.Sync{}))
	}()
	return &sent
}

// requireStall waits until a count has grown and then does not for a while.
func requireStall(t *testing.T, count *atomic.Int64) {
	t.Helper()
	last := int64(0)
	require.Eventually(t, func() bool {
		before := last
		last = count.Load()
		return last > megabyte && last == before
	}, patience, 500*time.Millisecond)
}

// tallied reads to the last of so many ReadyForQuery and says how many messages of each kind came, in the order of their first. Nothing is kept.
func tallied(t *testing.T, c *client, ends int, look func()) string {
	t.Helper()
	counts, order := map[byte]int{}, []byte{}
	in := io.Reader(c.conn)
	var header [5]byte
	for n := 0; counts['Z'] < ends; n++ {
		require.NoError(t, c.conn.SetReadDeadline(time.Now().Add(patience)))
		_, err := io.ReadFull(in, header[:])
		require.NoError(t, err)
		_, err = io.CopyN(io.Discard, in, int64(binary.BigEndian.Uint32(header[1:]))-4)
		require.NoError(t, err)
		if counts[header[0]]++; counts[header[0]] == 1 {
			order = append(order, header[0])
		}
		if n%10000 == 0 {
			look()
		}
	}
	words := make([]string, len(order))
	for i, kind := range order {
		words[i] = fmt.Sprintf("%c:%d", kind, counts[kind])
	}
	return strings.Join(words, " ")
}

// heapNow is heapInUse without waiting for what is garbage to be gone.
func heapNow() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
