package tests

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// bindingLie is what a client says about channel binding, in truth or not.
type bindingLie struct {
	mechanism, header string
	binds             bool   // to the certificate that it sees
	extra             string // bound instead
	silent            bool   // the first message follows the choice
	user, password    string
	version           uint16
}

// said is what a server makes of it: the mechanisms that it offers, and in or an error.
func (b bindingLie) said(t *testing.T, port int, database string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), patience)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f})
	require.NoError(t, err)
	var answer [1]byte
	_, err = io.ReadFull(conn, answer[:])
	require.NoError(t, err)
	require.Equal(t, "S", string(answer[:]))
	inside := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: b.version})
	require.NoError(t, inside.Handshake())
	c := &talk{client: &client{Frontend: pgproto3.NewFrontend(inside, inside), conn: inside, settings: map[string]string{}}}
	c.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": b.user, "database": database}})
	offer := b.next(t, c)
	sasl, ok := offer.(*pgproto3.AuthenticationSASL)
	require.True(t, ok, "%T", offer)
	offered := strings.Join(sasl.AuthMechanisms, " ") + ": "
	const bare = "n=,r=rOprNGfwEbeRWgbNEkqO"
	choice := &pgproto3.SASLInitialResponse{AuthMechanism: b.mechanism, Data: []byte(b.header + bare)}
	if b.silent {
		_, err := inside.Write(append(append([]byte{'p', 0, 0, 0, byte(4 + len(b.mechanism) + 1 + 4)}, b.mechanism...), 0, 0xff, 0xff, 0xff, 0xff))
		require.NoError(t, err)
		asked := b.next(t, c)
		require.IsType(t, &pgproto3.AuthenticationSASLContinue{}, asked)
		c.Send(&pgproto3.SASLResponse{Data: choice.Data})
	} else {
		c.Send(choice)
	}
	challenge, ok := b.next(t, c).(*pgproto3.AuthenticationSASLContinue)
	if !ok {
		return offered + c.last
	}
	c.Send(&pgproto3.SASLResponse{Data: b.final(t, bare, string(challenge.Data), inside.ConnectionState().PeerCertificates[0].Raw)})
	if _, ok := b.next(t, c).(*pgproto3.AuthenticationSASLFinal); !ok {
		return offered + c.last
	}
	require.IsType(t, &pgproto3.AuthenticationOk{}, b.next(t, c))
	return offered + "in"
}

// talk is a client that remembers the last error.
type talk struct {
	*client
	last string
}

// next is the server's next message; the code and the message of an error stay in last.
func (b bindingLie) next(t *testing.T, c *talk) pgproto3.BackendMessage {
	t.Helper()
	require.NoError(t, c.Flush())
	m, err := c.next()
	require.NoError(t, err)
	if e, ok := m.(*pgproto3.ErrorResponse); ok {
		c.last = e.Severity + " " + e.Code + " " + e.Message + " "
		if !strings.Contains(e.Detail, "Unexpected channel-binding flag") { // we do not say what else may be wrong
			c.last += e.Detail
		}
	}
	return m
}

func (b bindingLie) final(t *testing.T, bare, challenge string, certificate []byte) []byte {
	t.Helper()
	fields := map[byte]string{}
	for _, f := range strings.Split(challenge, ",") {
		fields[f[0]] = f[2:]
	}
	bound := b.header + b.extra
	if b.binds {
		hash := sha256.Sum256(certificate)
		bound += string(hash[:])
	}
	salt, err := base64.StdEncoding.DecodeString(fields['s'])
	require.NoError(t, err)
	rounds, err := strconv.Atoi(fields['i'])
	require.NoError(t, err)
	salted, err := pbkdf2.Key(sha256.New, b.password, salt, rounds, sha256.Size)
	require.NoError(t, err)
	keyed := func(key []byte, text string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	without := "c=" + base64.StdEncoding.EncodeToString([]byte(bound)) + ",r=" + fields['r']
	key := keyed(salted, "Client Key")
	stored := sha256.Sum256(key)
	for i, s := range keyed(stored[:], bare+","+challenge+","+without) {
		key[i] ^= s
	}
	return []byte(without + ",p=" + base64.StdEncoding.EncodeToString(key))
}

// TestChannelBindingAsInPostgreSQL says the truth and every lie about channel binding to both servers, for a user and for nobody.
func TestChannelBindingAsInPostgreSQL(t *testing.T) {
	t.Parallel()
	s := newSecurity(t, "bindings")
	const plain, plus, header = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"
	for name, lie := range map[string]bindingLie{
		"it binds":                              {mechanism: plus, header: header, binds: true},
		"it cannot bind":                        {mechanism: plain, header: "n,,"},
		"it was told that there is no binding":  {mechanism: plain, header: "y,,"},
		"it binds to something else":            {mechanism: plus, header: header, extra: "another certificate"},
		"it binds to nothing":                   {mechanism: plus, header: header},
		"it binds under the other name":         {mechanism: plain, header: header, binds: true},
		"it chooses binding and has none":       {mechanism: plus, header: "n,,"},
		"it chooses binding and knows of none":  {mechanism: plus, header: "y,,"},
		"it binds in another way":               {mechanism: plus, header: "p=tls-unique,,", binds: true},
		"it binds where it said that it cannot": {mechanism: plain, header: "n,,", binds: true},
		"it names somebody else":                {mechanism: plus, header: "p=tls-server-end-point,a=root,", binds: true},
		"it chooses something else":             {mechanism: "PLAIN", header: "n,,"},
		"it chooses and waits":                  {mechanism: plus, header: header, binds: true, silent: true},
		"it says nothing that is SCRAM":         {mechanism: plain, header: "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, who := range [][2]string{{"kim", "demo"}, {"kim", "wrong"}, {"nobody", "demo"}} {
				for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
					lie.user, lie.password, lie.version = who[0], who[1], version
					want := lie.said(t, s.ports["PostgreSQL"]["required"], "required")
					got := lie.said(t, s.ports["Wherewall"]["required"], "bindings")
					require.Equal(t, want, got, "%s", who)
				}
			}
		})
	}
}
