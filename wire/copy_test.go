package wire

import (
	"strings"
	"testing"

	"github.com/wherewall/wherewall/rewrite"
)

func TestACopyPassesInItsOrderOnly(t *testing.T) {
	t.Parallel()
	begins, data, ends := string(message('H', "\x00\x00\x00")), string(message('d', "1\n")), string(message('c', ""))
	tag, bound := string(message('C', "COPY 1\x00")), string(message('2', ""))
	row := string(message('D', "\x00\x00"))
	cases := []struct {
		name, reply, passes string
		kind                rewrite.Kind
	}{
		{"a whole one", begins + data + data + ends + tag, "HddcC", rewrite.Copy},
		{"an empty one", begins + ends + tag, "HcC", rewrite.Copy},
		{"data without a beginning", data, "", rewrite.Copy},
		{"an end without a beginning", ends, "", rewrite.Copy},
		{"two beginnings", begins + begins, "H", rewrite.Copy},
		{"a row in the middle", begins + row, "H", rewrite.Copy},
		{"a completion in the middle", begins + data + tag, "Hd", rewrite.Copy},
		{"data behind the end", begins + ends + data, "Hc", rewrite.Copy},
		{"another beginning behind the end of another statement", begins + ends + tag + begins, "HcC", rewrite.Copy},
		{"one for a SELECT", begins, "", rewrite.Select},
		{"one for an INSERT", begins + data, "", rewrite.Insert},
		{"data for a SELECT", data, "", rewrite.Select},
		{"one that asks for rows", string(message('G', "\x00\x00\x00")), "", rewrite.Copy},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.knows("a", rewrite.Statement{Kind: c.kind})
			s.start(t)
			s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
			s.server.expect("BES")
			s.server.send([]byte(bound + c.reply))
			s.client.expect("2" + c.passes)
			if strings.HasSuffix(c.reply, ends+tag) {
				s.server.send(ready)
				s.client.expect("Z")
				return
			}
			s.client.expectError(stateProtocol)
			s.client.expectEnd()
		})
	}
}

func TestACopyThatFailedIsOver(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Copy})
	s.start(t)
	for range 2 {
		s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
		s.server.expect("BES")
		s.server.send([]byte(string(message('2', "")) + string(message('H', "\x00\x00\x00")) + string(message('d', "1\n")) +
			string(message('E', "SERROR\x00VERROR\x00C57014\x00Mcanceling statement due to user request\x00\x00"))))
		s.client.expect("2Hd")
		s.client.expectError("57014")
		s.server.send(ready)
		s.client.expect("Z")
	}
}
