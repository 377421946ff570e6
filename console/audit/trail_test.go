package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wherewall/wherewall/internal/ledger"
	"github.com/wherewall/wherewall/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a stream that can be full.
type disk struct {
	mu   sync.Mutex
	full bool
	text bytes.Buffer
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		n, _ := d.text.Write(p[:len(p)/2])
		return n, syscall.ENOSPC
	}
	return d.text.Write(p)
}

func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// records are what was written, by kind.
func (d *disk) records(t *testing.T) map[string][]map[string]any {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	byKind := map[string][]map[string]any{}
	for line := range bytes.Lines(d.text.Bytes()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal(line, &record), "%s", line)
		kind := record["kind"].(string)
		byKind[kind] = append(byKind[kind], record)
	}
	return byKind
}

// holds says that the chain is whole.
func (d *disk) holds(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trail")
	require.NoError(t, os.WriteFile(path, d.text.Bytes(), 0o600))
	_, err := ledger.Check{}.Verify([]string{path})
	require.NoError(t, err)
}

// begin runs a trail on a disk until the test calls what it returns.
func begin(t *testing.T, d *disk, o Options) (*Trail, func()) {
	t.Helper()
	o.Stamp = NewStamp("p1")
	made, err := ledger.Open(ledger.Options{Stream: d, Stamp: o.Stamp.Append})
	require.NoError(t, err)
	o.Ledger = made
	trail := NewTrail(o)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { trail.Run(ctx) })
	return trail, func() {
		stop()
		running.Wait()
	}
}

func party() *wire.Party {
	return &wire.Party{
		Lane: 3, Conn: "c1", Client: "192.0.2.7:50000", Application: "report \"x\"\n", Login: "kim@acme", Auth: "scram", User: "kim", Tenant: "acme",
		TenantSource: "login", ServerLogin: "wherewall_svc", ServerPID: 77,
	}
}

// did is a statement that was completed.
func did(t *testing.T, trail *Trail, p *wire.Party) {
	t.Helper()
	d := trail.Enter(p.Lane)
	require.NotNil(t, d)
	d.Party, d.Message, d.Began, d.Took, d.Ending = p, 'Q', time.Now(), 1500*time.Microsecond, wire.Completed
	d.SetTag([]byte("SELECT 42"))
	trail.Done(d)
}

func TestAStatementHasOneRecord(t *testing.T) {
	t.Parallel()
	out := &disk{}
	trail, end := begin(t, out, Options{})
	did(t, trail, party())
	end()
	all := out.records(t)
	require.Len(t, all["statement"], 1)
	r := all["statement"][0]
	require.Equal(t, "kim", r["user"])
	require.Equal(t, "acme", r["tenant"])
	require.Equal(t, "report \"x\"\n", r["app"])
	require.Equal(t, "SELECT", r["tag"])
	require.InDelta(t, 42, r["rows"], 0)
	require.InDelta(t, 1500, r["us"], 0)
	require.Equal(t, "p1", r["proxy"])
	require.Len(t, r["id"], 36)
	require.Equal(t, byte('7'), r["id"].(string)[14], "version 7")
	require.Len(t, all["trail_opened"], 1)
	require.Len(t, all["trail_closed"], 1)
	out.holds(t)
	require.Equal(t, uint64(1), trail.Stats().Records)
	require.Zero(t, trail.Stats().Queue)
}

func TestARecordIsWrittenSoonWithoutAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &disk{}
		trail, end := begin(t, out, Options{})
		defer end()
		for n := 1; n <= 3; n++ {
			time.Sleep(time.Minute) // it sleeps
			synctest.Wait()
			did(t, trail, party())
			time.Sleep(10 * gathering)
			synctest.Wait()
			require.Equal(t, uint64(n), trail.Stats().Records) //nolint:gosec // small
		}
	})
}

func TestARequiredTrailOnAFullDiskRefusesAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, log := &disk{}, &bytes.Buffer{}
		trail, end := begin(t, out, Options{Patience: 5 * time.Second, Log: zerolog.New(log)})
		did(t, trail, party())
		time.Sleep(time.Second)
		out.fill(true)
		did(t, trail, party()) // nobody knows yet
		time.Sleep(time.Second)
		synctest.Wait()
		require.True(t, trail.Stats().Failing)
		require.Nil(t, trail.Enter(3))
		began := time.Now()
		d, err := trail.Await(3)
		require.Nil(t, d)
		require.ErrorIs(t, err, ErrUnavailable)
		require.Equal(t, 5*time.Second, time.Since(began))
		require.ErrorIs(t, trail.Admit(wire.Act{Kind: wire.LoginSucceeded, Party: party()}), ErrUnavailable)
		require.Equal(t, uint64(2), trail.Stats().Refused)

		go func() {
			time.Sleep(2 * time.Second)
			out.fill(false)
		}()
		d, err = trail.Await(3) // there is room again before the patience is over
		require.NoError(t, err)
		trail.Drop(d)
		end()
		require.Len(t, out.records(t)["statement"], 2, "nothing was lost, and nothing is half there")
		out.holds(t)
		require.Contains(t, log.String(), "cannot be written: statements are refused")
		require.Contains(t, log.String(), "is written again")
	})
}

func TestAFullQueueWaitsForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		trail, end := begin(t, &disk{}, Options{Queue: 2 * lanes})
		defer end()
		first, second := trail.Enter(3), trail.Enter(3)
		require.NotNil(t, second)
		require.Nil(t, trail.Enter(3))
		require.NotNil(t, trail.Enter(4), "other sessions are in other lanes")
		go func() {
			time.Sleep(time.Second)
			first.Party, first.Ending = party(), wire.Completed
			trail.Done(first)
		}()
		d, err := trail.Await(3)
		require.NoError(t, err)
		require.NotNil(t, d)
	})
}

func TestBestEffortsLetStatementsRunAndCountWhatGoesUnrecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, log := &disk{full: true}, &bytes.Buffer{}
		trail, end := begin(t, out, Options{BestEffort: true, Queue: 2 * lanes, Log: zerolog.New(log)})
		did(t, trail, party())
		did(t, trail, party())
		require.Nil(t, trail.Enter(3))
		began := time.Now()
		d, err := trail.Await(3)
		require.NoError(t, err)
		require.Nil(t, d)
		require.Zero(t, time.Since(began), "it does not wait")
		require.NoError(t, trail.Admit(wire.Act{Kind: wire.LoginSucceeded, Party: party()}), "there is spare room for acts")
		require.Equal(t, uint64(1), trail.Stats().Dropped)
		out.fill(false)
		time.Sleep(2 * time.Second)
		end()
		require.Contains(t, log.String(), "statements went unrecorded")
		require.Len(t, out.records(t)["statement"], 2)
	})
}

func TestWhatHasHappenedAlreadyIsBoundedToo(t *testing.T) {
	t.Parallel()
	trail := NewTrail(Options{Queue: 2 * lanes})
	for range 2 * spare {
		d, err := trail.Late(3)
		require.NoError(t, err)
		require.NotNil(t, d)
	}
	d, err := trail.Late(3)
	require.Nil(t, d)
	require.ErrorIs(t, err, ErrUnavailable, "the session has to end")
	for range 10 {
		trail.Tell(wire.Act{Kind: wire.LoginFailed, Party: party()})
	}
	require.Equal(t, 2*spare, trail.Stats().Queue)
	require.Equal(t, uint64(11), trail.Stats().Dropped)
}

func TestWhatCannotBeWrittenAtTheEndIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &bytes.Buffer{}
		trail, end := begin(t, &disk{full: true}, Options{Log: zerolog.New(log)})
		did(t, trail, party())
		end()
		require.Contains(t, log.String(), "its last records are lost")
	})
}

func TestSessionsMayWriteAllAtOnce(t *testing.T) {
	t.Parallel()
	out := &disk{}
	trail, end := begin(t, out, Options{Queue: 64})
	var sessions sync.WaitGroup
	const each = 200
	for n := range uint32(20) {
		sessions.Go(func() {
			p := party()
			p.Lane = n
			for range each {
				d := trail.Enter(n)
				if d == nil {
					var err error
					if d, err = trail.Await(n); err != nil {
						panic(err)
					}
				}
				d.Party, d.Ending, d.Began = p, wire.Completed, time.Now()
				trail.Done(d)
			}
		})
	}
	sessions.Wait()
	end()
	require.Len(t, out.records(t)["statement"], 20*each)
	require.Equal(t, uint64(20*each), trail.Stats().Records)
	out.holds(t)
}

func TestCountsOfCommandTags(t *testing.T) {
	t.Parallel()
	for tag, rows := range map[string]int64{"SELECT 5": 5, "INSERT 0 12": 12, "COPY 1000": 1000, "BEGIN": -1, "": -1, "CREATE TABLE": -1, "7": -1} {
		d := &wire.Deed{}
		d.SetTag([]byte(tag))
		require.Equal(t, rows, d.Rows, tag)
		require.Equal(t, tag, string(d.Tag()))
	}
}

func TestTheRecordOfAChangeOfPolicy(t *testing.T) {
	t.Parallel()
	out := &disk{}
	trail, end := begin(t, out, Options{})
	trail.Changed(Change{By: "reload", Before: Version{Policy: "a", Schema: "s"}, After: Version{Policy: "b", Schema: "s"}})
	trail.Changed(Change{By: "reload", Before: Version{Policy: "b", Schema: "s"}, Rejected: errors.New("policy.yaml:1:1: no").Error()})
	end()
	all := out.records(t)
	require.Equal(t, "a", all["policy"][0]["policy_before"])
	require.Equal(t, "b", all["policy"][0]["policy_after"])
	require.Equal(t, "policy.yaml:1:1: no", all["policy_rejected"][0]["reason"])
}

func BenchmarkStatement(b *testing.B) {
	path := filepath.Join(b.TempDir(), "trail")
	stamp := NewStamp("p1")
	made, err := ledger.Open(ledger.Options{Path: path, Stamp: stamp.Append})
	require.NoError(b, err)
	trail := NewTrail(Options{Ledger: made, Stamp: stamp, Sync: SyncNever})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { trail.Run(ctx) })
	p := party()
	b.ReportAllocs()
	for b.Loop() {
		d := trail.Enter(1)
		if d == nil {
			if d, err = trail.Await(1); err != nil {
				b.Fatal(err)
			}
		}
		d.Party, d.Message, d.Ending, d.Began = p, 'Q', wire.Completed, time.Now()
		d.SetTag([]byte("SELECT 42"))
		trail.Done(d)
	}
	stop()
	running.Wait()
}

func TestLongTextsAreNotRememberedBeyondABound(t *testing.T) {
	t.Parallel()
	m := remember[int]()
	for i := range 100 {
		m.of(i, func() int { return 10 << 20 }, func() piece { return piece{} })
		require.LessOrEqual(t, len(m.pieces), 3)
		require.LessOrEqual(t, m.held, maxHeld)
	}
}

func TestALongListIsCutShort(t *testing.T) {
	t.Parallel()
	names := make([]string, 100_000)
	for i := range names {
		names[i] = "a group with a \n name"
	}
	var got struct {
		Groups []string `json:"groups"`
		More   bool     `json:"more_groups"`
	}
	text := append(append([]byte(`{"n":1`), appendList(nil, "groups", names)...), '}')
	require.NoError(t, json.Unmarshal(text, &got))
	require.True(t, got.More)
	require.Equal(t, names[:len(got.Groups)], got.Groups)
	require.Less(t, len(text), maxList+1000)
}
