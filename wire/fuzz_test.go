package wire

import (
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// deaf is a connection that says what is given and hears nothing.
type deaf struct{ pieces }

func (d *deaf) Write(b []byte) (int, error)      { return len(b), nil }
func (d *deaf) Close() error                     { return nil }
func (d *deaf) SetReadDeadline(time.Time) error  { return nil }
func (d *deaf) SetWriteDeadline(time.Time) error { return nil }

// FuzzSASL lets somebody log in who knows no password and says anything.
func FuzzSASL(f *testing.F) {
	verifier := verifierFor(f, "right")
	first := initial(mechSCRAM, "n,,n=,r=clientnonce")
	f.Add(string(first)+string(message('p', "c=biws,r=clientnonce,p=AAAA")), true)
	f.Add(string(initial(mechSCRAMPlus, "p=tls-server-end-point,,n=,r=x")), false)
	f.Add(string(message('p', "SCRAM-SHA-256\x00\xff\xff\xff\xff"))+string(message('p', "n,,n=,r=x")), true)
	f.Add("p\x7f\xff\xff\xff", false)
	f.Fuzz(func(t *testing.T, said string, known bool) {
		conn := &deaf{pieces{data: []byte(said), sizes: []byte{200}}}
		h := &handshake{conn: conn, in: newInbound(conn, newBuffers()), secret: []byte("secret")}
		own := ""
		if known {
			own = verifier
		}
		require.Error(t, h.byPassword("kim", own))
	})
}

// FuzzErrorFields reads the fields of an error and writes them: what is written is read as the same.
func FuzzErrorFields(f *testing.F) {
	f.Add([]byte("SERROR\x00VERROR\x00C42601\x00Msyntax error\x00P7\x00\x00"))
	f.Add([]byte("SFATAL\x00Cxx"))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		fields := parseErrorFields(body)
		require.NotEmpty(t, fields.code)
		require.NotEmpty(t, fields.severity)
		fields.context, fields.routine = "", "" // for our eyes only
		written := fields.append(nil)
		require.True(t, strings.HasSuffix(string(written), "\x00\x00"))
		fields.position = max(fields.position, 0)
		require.Equal(t, fields, parseErrorFields(written))
	})
}

// FuzzDescription takes the last field out of a description: the others stay, and their number fits.
func FuzzDescription(f *testing.F) {
	field := "name\x00" + strings.Repeat("\x01", 18)
	f.Add([]byte("\x00\x02" + field + field))
	f.Add([]byte("\x00\x00"))
	f.Add([]byte("\xff\xff" + field))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) < 2 {
			return
		}
		count := binary.BigEndian.Uint16(body)
		left, ok := withoutLastField(body)
		if !ok {
			return
		}
		require.Equal(t, count-1, binary.BigEndian.Uint16(left))
		if count > 1 {
			_, ok := withoutLastField(left)
			require.True(t, ok)
		}
	})
}

// FuzzOptions splits the options of a startup packet, quotes the words and splits them again.
func FuzzOptions(f *testing.F) {
	f.Add(`-c a=b --x-y=z -c\ c=d`)
	f.Add(`\ \\`)
	f.Fuzz(func(t *testing.T, options string) {
		words, ok := splitOptions(options)
		if !ok {
			return
		}
		var quoted []string
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" }) // which cannot be written
		for _, w := range words {
			q := make([]byte, 0, 2*len(w))
			for _, b := range []byte(w) {
				q = append(q, '\\', b)
			}
			quoted = append(quoted, string(q))
		}
		again, ok := splitOptions(strings.Join(quoted, " "))
		require.True(t, ok)
		require.Equal(t, words, again)
	})
}

// FuzzServer answers a session with anything. Its client hears messages, and nothing behind the last words.
func FuzzServer(f *testing.F) {
	row := string(message('D', "\x00\x01\x00\x00\x00\x01x"))
	f.Add(string(message('2', ""))+row+string(message('C', "SELECT 1\x00"))+string(ready), false)
	f.Add(string(message('2', ""))+string(message('D', "\x00\x02\x00\x00\x00\x01x\xff\xff\xff\xff"))+string(message('C', "SELECT 1\x00"))+string(ready), true)
	f.Add(string(serverError("ERROR", "22P02", testMark))+string(ready), true)
	f.Add("D\x7f\xff\xff\xff\x00", false)
	f.Fuzz(func(t *testing.T, said string, hidden bool) {
		s := newStage(t)
		of := rewrite.Statement{Kind: rewrite.Select}
		if hidden {
			of = rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn}
		}
		s.knows("a", of)
		s.start(t)
		s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
		s.server.expect("BES")
		_, _ = s.server.Write([]byte(said))
		_ = s.server.Close()
		over := false
		for {
			h, err := s.client.in.header()
			if err != nil {
				require.ErrorIs(t, err, io.EOF)
				break
			}
			body, err := s.client.in.whole(h)
			if err != nil { // It was cut off where the server's was.
				break
			}
			require.False(t, over, "a message behind the last words")
			require.NotContains(t, string(body), testMark)
			over = h.kind == 'E' && parseErrorFields(body).fixedSeverity == "FATAL"
		}
	})
}
