package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// tick is how often something is looked at that is waited for.
const tick = 20 * time.Millisecond

// representative is a session in which every message of a client has its place, of one tenant.
func (g *ground) representative(tenant int) []pgproto3.FrontendMessage {
	mark := g.marks[tenant]
	query := func(sql string) *pgproto3.Query { return &pgproto3.Query{String: sql} }
	return []pgproto3.FrontendMessage{
		query("SELECT id, body FROM note ORDER BY id LIMIT 3"),
		&pgproto3.Parse{Name: "s", Query: "SELECT body FROM note WHERE id > $1 ORDER BY id LIMIT 5", ParameterOIDs: []uint32{20}},
		&pgproto3.Describe{ObjectType: 'S', Name: "s"},
		&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", Parameters: [][]byte{[]byte("7")}},
		&pgproto3.Describe{ObjectType: 'P', Name: "p"},
		&pgproto3.Execute{Portal: "p", MaxRows: 2},
		&pgproto3.Flush{},
		&pgproto3.Execute{Portal: "p"},
		&pgproto3.Sync{},
		query(fmt.Sprintf("BEGIN; INSERT INTO note (tenant, body, n) VALUES ('t%d', '%s', 7) RETURNING body; SELECT 1/0", tenant, mark)),
		&pgproto3.Parse{Query: "SELECT nothing FROM pg_authid"},
		&pgproto3.Bind{},
		&pgproto3.Execute{},
		&pgproto3.Sync{},
		query("ROLLBACK"),
		query("COPY (SELECT body FROM note ORDER BY id LIMIT 3) TO STDOUT"),
		query("COPY note (id, tenant, body, n) FROM STDIN"),
		&pgproto3.CopyData{Data: fmt.Appendf(nil, "2000001\tt%d\t%s\t7\n2000002\t", tenant, mark)},
		&pgproto3.CopyData{Data: fmt.Appendf(nil, "t%d\t%s\t7\n", tenant, mark)},
		&pgproto3.CopyDone{},
		query("DELETE FROM note WHERE n = 7"),
		&pgproto3.Parse{Name: "u", Query: "UPDATE checked SET n = n + 1 WHERE id = $1 RETURNING body, n"},
		&pgproto3.Bind{PreparedStatement: "u", Parameters: [][]byte{[]byte("3")}, ResultFormatCodes: []int16{0, 1}},
		&pgproto3.Execute{},
		&pgproto3.Close{ObjectType: 'S', Name: "s"},
		&pgproto3.Sync{},
		query("PREPARE x AS SELECT 2; EXECUTE x; DEALLOCATE x"),
		query("BEGIN; DECLARE c CURSOR FOR SELECT body FROM note; FETCH 2 FROM c; COMMIT"),
		&pgproto3.FunctionCall{Function: 1598},
		query(""),
		&pgproto3.Terminate{},
	}
}

// said is what a client sends for its session, startup packet included.
func (g *ground) said(t testing.TB, tenant int, application string) stream {
	t.Helper()
	return g.saidBy(t, fmt.Sprintf("u%d", tenant), tenant, application)
}

// saidBy is what a login sends for a tenant's session.
func (g *ground) saidBy(t testing.TB, login string, tenant int, application string) stream {
	t.Helper()
	startup, err := (&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters:      map[string]string{"user": login, "database": g.database, "application_name": application},
	}).Encode(nil)
	require.NoError(t, err)
	s := stream{startup}
	for _, m := range g.representative(tenant) {
		b, err := m.Encode(nil)
		require.NoError(t, err)
		s = append(s, b)
	}
	return s
}

// parting is how a client leaves that has said all it has to say.
type parting int

const (
	halfClose parting = iota // it listens to the end
	reset
	closing
	partings // their number
)

// converse says something to a proxy, leaves, and gives what was heard until then. The stream that it heard is whole but for its end.
func converse(addr string, said []byte, how parting) ([]byte, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("setting a deadline: %w", err)
	}
	heard := make(chan []byte, 1)
	failed := make(chan error, 1)
	go func() {
		all, err := io.ReadAll(conn)
		failed <- err
		heard <- all
	}()
	_, _ = conn.Write(said) // the proxy may have ended the session before it has heard all
	switch how {
	case reset:
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	case closing:
		_ = conn.Close()
	default:
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	err = <-failed
	if how == halfClose && err != nil && strings.Contains(err.Error(), "timeout") {
		return <-heard, fmt.Errorf("the session does not end: %w", err)
	}
	return <-heard, nil
}

// kindsOfAServer are all kinds of message that a client of Wherewall may hear.
const kindsOfAServer = "RSKZTDCIENstn123HGdcAv"

// unfit says what is wrong with what a client heard; empty for nothing. cut is set where the end may be missing.
func (g *ground) unfit(tenant int, heard []byte, cut bool) string {
	messages, rest := splitStream(bytes.TrimLeft(heard, "N")) // the answers to requests for encryption
	if !cut && len(rest) > 0 {
		return fmt.Sprintf("bytes that are no message: %q", rest[:min(len(rest), 100)])
	}
	begun, over := false, false
	for _, m := range messages {
		switch {
		case over:
			return fmt.Sprintf("%q behind the last words", m)
		case !strings.Contains(kindsOfAServer, string(m[:1])), begun && strings.Contains("RKv", string(m[:1])):
			return fmt.Sprintf("a message of kind %q", m[0])
		}
		begun = begun || m[0] == 'Z'
		over = m[0] == 'E' && bytes.Contains(m, []byte("\x00VFATAL\x00"))
	}
	if bytes.Contains(heard, []byte(servicePassword)) {
		return "the password of the service login is in it"
	}
	if mark := g.foreign(tenant, heard); mark != "" {
		return "it has another tenant's " + mark
	}
	return ""
}

// TestTheRepresentativeSessionIsRepresentative wants every message of clients in it, and every answer that there is.
func TestTheRepresentativeSessionIsRepresentative(t *testing.T) {
	t.Parallel()
	g := newGround(t, "faults_representative", "", nil)
	said := g.said(t, 1, "")
	for _, kind := range "QPBDEHSCdcFX" {
		require.Contains(t, kindsOf(said[1:]), string(kind))
	}
	heard, err := converse(g.addr, said.bytes(), halfClose)
	require.NoError(t, err)
	require.Empty(t, g.unfit(1, heard, false))
	messages, _ := splitStream(heard)
	for _, kind := range "RSKZTDCIEst123HGdc" {
		require.Contains(t, kindsOf(messages), string(kind))
	}
	require.Contains(t, string(heard), g.marks[1])
	g.requireNothingLeft(t)
	g.requireUntouched(t, 0, 1, 2, 3)
}

func kindsOf(s stream) string {
	var kinds []byte
	for _, m := range s {
		kinds = append(kinds, m[0])
	}
	return string(kinds)
}

// TestHostileClientsHarmNobody says the representative session wrongly in every way, at every message and, cut off, at every byte. Honest
// sessions of other tenants go on in the meantime.
func TestHostileClientsHarmNobody(t *testing.T) {
	t.Parallel()
	g := newGround(t, "faults_clients", "", nil)
	said := g.said(t, 0, "")
	honest := g.startHonest(t, 1, 2)
	g.each(t, 0, everyFault(said, *faultSeed), func(w wrong) ([]byte, error) { return g.overheard(converse(g.addr, w.bytes(), halfClose)) })
	g.each(t, 0, everyCut(said, *faultSeed), func(w wrong) ([]byte, error) {
		return g.overheard(converse(g.addr, w.bytes(), parting(w.seed%uint64(partings))))
	})
	honest.requireFine(t)
	g.requireNothingLeft(t)
	g.requireUntouched(t, 1, 2, 3)
}

// overheard finds names of ours in what a client heard, whose server is honest.
func (g *ground) overheard(heard []byte, err error) ([]byte, error) {
	if err == nil && bytes.Contains(heard, []byte("ww_")) {
		return heard, errors.New("it has heard a name of ours")
	}
	return heard, err
}

// each does something with each wrong stream, several at a time, and wants what is heard to be fit for the tenant.
func (g *ground) each(t testing.TB, tenant int, all []wrong, run func(wrong) ([]byte, error)) {
	t.Helper()
	todo := make(chan wrong)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for w := range todo {
				heard, err := run(w)
				if err != nil {
					t.Errorf("%s: %v; the last words were %q", w.name, err, heard[max(0, len(heard)-300):])
				} else if what := g.unfit(tenant, heard, true); what != "" {
					t.Errorf("%s: %s: %.500q", w.name, what, heard)
				}
			}
		})
	}
	for _, w := range all {
		todo <- w
	}
	close(todo)
	workers.Wait()
}
