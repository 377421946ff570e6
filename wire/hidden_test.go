package wire

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func description(names ...string) []byte {
	return appendMessage(nil, 'T', func(b []byte) []byte {
		b = binary.BigEndian.AppendUint16(b, uint16(len(names)))
		for _, n := range names {
			b = append(appendString(b, n), make([]byte, 18)...)
		}
		return b
	})
}

// dataRow makes a row; a nil value is NULL.
func dataRow(values ...[]byte) []byte {
	return appendMessage(nil, 'D', func(b []byte) []byte {
		b = binary.BigEndian.AppendUint16(b, uint16(len(values)))
		for _, v := range values {
			if v == nil {
				b = append(b, nullColumn...)
				continue
			}
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
		return b
	})
}

func TestHiddenColumnIsTakenOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
	s.start(t)
	s.client.send(bindMessage("", "a"), message('D', "P\x00"), executeMessage("", 0), syncMessage)
	s.server.expect("BDES")
	large := bytes.Repeat([]byte("x"), 3*largeBuffer)
	replies := bytes.Join([][]byte{
		message('2', ""), description("id", "v", "ww"), dataRow([]byte("1"), nil, nil), dataRow([]byte("2"), large, nil),
		dataRow(nil), message('C', "INSERT 0 3\x00"), ready,
	}, nil)
	go func() {
		// One byte at a time, where framing decides; the rest at once.
		for i := range 200 {
			_, _ = s.server.Write(replies[i : i+1])
		}
		_, _ = s.server.Write(replies[200:])
	}()
	want := bytes.Join([][]byte{
		message('2', ""), description("id", "v"), dataRow([]byte("1"), nil), dataRow([]byte("2"), large),
		dataRow(), message('C', "INSERT 0 3\x00"), ready,
	}, nil)
	got := make([]byte, len(want))
	for at := 0; at < len(got); {
		n, err := s.client.Read(got[at:])
		require.NoError(t, err)
		at += n
	}
	require.True(t, bytes.Equal(want, got))
}

func TestHiddenColumnWithAValueEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
	s.start(t)
	s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
	s.server.expect("BES")
	s.server.send(message('2', ""), dataRow([]byte("1"), []byte("true")))
	s.client.expect("2")
	for {
		kind, body := s.client.receive()
		if kind == 'E' {
			require.Equal(t, stateProtocol, parseErrorFields(body).code)
			break
		}
	}
	s.client.expectEnd()
}

func TestHiddenRowsAreDropped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenRows})
	s.start(t)
	s.client.send(message('D', "Sa\x00"), bindMessage("", "a"), message('D', "P\x00"), executeMessage("", 1), syncMessage)
	s.server.expect("DBD")
	require.Equal(t, "\x00\x00\x00\x00\x00", string(s.server.expect("E")), "a row limit would suspend the portal at a hidden row")
	s.server.expect("S")
	s.server.send(message('t', "\x00\x00"), description("ww"), message('2', ""), description("ww"),
		dataRow(nil), dataRow(bytes.Repeat([]byte("x"), 2*largeBuffer)), message('C', "INSERT 0 2\x00"), ready)
	s.client.expect("tn2nCZ")
}

func TestHiddenColumnGetsAResultFormat(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		sent, want []byte
	}{
		{"none stays none", bindMessage("", "a"), bindMessage("", "a")},
		{"one for all stays one", bindMessage("", "a", 1), bindMessage("", "a", 1)},
		{"two become three", bindMessage("", "a", 1, 0), bindMessage("", "a", 1, 0, 0)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
			s.start(t)
			s.client.send(c.sent, syncMessage)
			require.Equal(t, string(c.want[headerSize:]), string(s.server.expect("B")))
			s.server.expect("S")
		})
	}
}

func TestResultFormats(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		body string
		at   int
		ok   bool
	}{
		{"no parameters", "\x00\x00\x00\x00\x00\x00\x00\x00", 6, true},
		{"a parameter and its format", "p\x00s\x00\x00\x01\x00\x01\x00\x01\x00\x00\x00\x02ab\x00\x01\x00\x00", 16, true},
		{"a NULL parameter", "\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00", 10, true},
		{"a parameter that is too long", "\x00\x00\x00\x00\x00\x01\x00\x00\xff\xff\x00\x00", 0, false},
		{"a negative length", "\x00\x00\x00\x00\x00\x01\xff\xff\xff\xfe\x00\x00", 0, false},
		{"bytes behind the formats", "\x00\x00\x00\x00\x00\x00\x00\x00x", 0, false},
		{"nothing", "", 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at, ok := resultFormats([]byte(c.body))
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.at, at)
			}
		})
	}
}
