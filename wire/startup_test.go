package wire

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// packet builds a startup packet's body from name, value pairs.
func packet(version uint32, pairs ...string) []byte {
	b := binary.BigEndian.AppendUint32(nil, version)
	for _, s := range pairs {
		b = appendString(b, s)
	}
	return append(b, 0)
}

func TestParseStartup(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		pairs    []string
		database string
		tenant   string
		settings map[string]string
	}{
		{"the database defaults to the user", []string{"user", "kim"}, "kim", "", map[string]string{}},
		{"an empty database is the user too", []string{"user", "kim", "database", ""}, "kim", "", map[string]string{}},
		{"asyncpg quotes its encoding", []string{"user", "kim", "client_encoding", "'utf-8'"}, "kim", "", map[string]string{"client_encoding": "'utf-8'"}},
		{"names of settings fold", []string{"user", "kim", "DateStyle", "ISO"}, "kim", "", map[string]string{"datestyle": "ISO"}},
		{
			"options carry settings in three forms",
			[]string{"user", "kim", "options", `-c datestyle=ISO  --extra-float-digits=3 -ctimezone=UTC`},
			"kim", "",
			map[string]string{"datestyle": "ISO", "extra_float_digits": "3", "timezone": "UTC"},
		},
		{"options unescape", []string{"user", "kim", "options", `-c application_name=a\ b\\c`}, "kim", "", map[string]string{"application_name": `a b\c`}},
		{"a parameter wins over options", []string{"user", "kim", "timezone", "UTC", "options", "-c TimeZone=CET"}, "kim", "", map[string]string{"timezone": "UTC"}},
		{"options name the tenant", []string{"user", "kim", "options", "-c wherewall.tenant=acme"}, "kim", "acme", map[string]string{}},
		{"replication=false is no replication", []string{"user", "kim", "replication", "false"}, "kim", "", map[string]string{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, bad := parseStartup(packet(protocol30, c.pairs...))
			require.Nil(t, bad)
			require.Nil(t, s.refused)
			require.Equal(t, "kim", s.user)
			require.Equal(t, c.database, s.database)
			require.Equal(t, c.tenant, s.tenant)
			require.Equal(t, c.settings, s.settings)
		})
	}
}

func TestParseStartupRefusesLater(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, setting, value, state string }{
		{"an unknown setting", "work_mem", "1GB", stateDenied},
		{"the role", "role", "postgres", stateDenied},
		{"the session's authorization", "session_authorization", "postgres", stateDenied},
		{"row security", "row_security", "off", stateDenied},
		{"another encoding", "client_encoding", "SJIS", stateBadParameter},
		{"backslashes in strings", "standard_conforming_strings", "off", stateBadParameter},
		{"debug output", "client_min_messages", "debug1", stateBadParameter},
		{"physical replication", "replication", "true", stateDenied},
		{"logical replication", "replication", "database", stateDenied},
		{"a command line switch", "options", "-d 5", stateDenied},
		{"an option without a value", "options", "-c", stateDenied},
		{"an option without a name", "options", "-c=", stateDenied},
		{"an option that is denied", "options", "-c role=postgres", stateDenied},
		{"an option with a dash for an underscore", "options", "--row-security=off", stateDenied},
		{"a trailing backslash", "options", `-c datestyle=ISO\`, stateDenied},
		{"two tenants", "options", "-c wherewall.tenant=a -c wherewall.tenant=b", stateAuthorization},
		{"a user in other case", "USER", "root", stateDenied},
	}
	for _, c := range cases {
		t.Run(c.name+" is refused after authentication", func(t *testing.T) {
			t.Parallel()
			pairs := []string{"user", "kim", c.setting, c.value}
			if c.setting == "USER" {
				_, bad := parseStartup(packet(protocol30, pairs...))
				require.NotNil(t, bad, "a second spelling is a duplicate")
				return
			}
			s, bad := parseStartup(packet(protocol30, pairs...))
			require.Nil(t, bad)
			if s.refused == nil {
				s.refused = testWorld().unsettable(s.settings)
			}
			require.NotNil(t, s.refused)
			require.Equal(t, c.state, s.refused.state)
		})
	}
}

func TestParseStartupRefusesAtOnce(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		packet []byte
		state  string
	}{
		{"protocol 2", packet(2<<16, "user", "kim"), stateUnsupported},
		{"protocol 4", packet(4<<16, "user", "kim"), stateUnsupported},
		{"a second encryption request", packet(codeSSL), stateUnsupported},
		{"no user", packet(protocol30, "database", "app"), stateAuthorization},
		{"an empty user", packet(protocol30, "user", ""), stateAuthorization},
		{"the user twice", packet(protocol30, "user", "kim", "user", "root"), stateProtocol},
		{"the database twice", packet(protocol30, "user", "kim", "database", "a", "database", "b"), stateProtocol},
		{"options twice", packet(protocol30, "user", "kim", "options", "", "options", ""), stateProtocol},
		{"a user that is not UTF-8", packet(protocol30, "user", "k\xff"), stateProtocol},
		{"a user with a line break", packet(protocol30, "user", "kim\nroot"), stateProtocol},
		{"no terminator", packet(protocol30, "user", "kim")[:13], stateProtocol},
		{"bytes behind the terminator", append(packet(protocol30, "user", "kim"), 'x'), stateProtocol},
		{"an empty name", packet(protocol30, "user", "kim", "", "x"), stateProtocol},
		{"nothing", nil, stateProtocol},
	}
	for _, c := range cases {
		t.Run(c.name+" is refused", func(t *testing.T) {
			t.Parallel()
			_, bad := parseStartup(c.packet)
			require.NotNil(t, bad)
			require.Equal(t, c.state, bad.state)
		})
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		version    uint32
		pairs      []string
		speaks     uint32
		negotiates bool
	}{
		{"3.0 is spoken", protocol30, nil, protocol30, false},
		{"3.2 is spoken", protocol32, nil, protocol32, false},
		{"3.1 becomes 3.0", 3<<16 | 1, nil, protocol30, true},
		{"3.9999 becomes 3.2", 3<<16 | 9999, nil, protocol32, true},
		{"an unknown extension is named", protocol30, []string{"_pq_.test_protocol_negotiation", ""}, protocol30, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, bad := parseStartup(packet(c.version, append([]string{"user", "kim"}, c.pairs...)...))
			require.Nil(t, bad)
			require.Equal(t, c.speaks, s.speaks())
			require.Equal(t, c.negotiates, s.negotiates())
		})
	}
}

func FuzzStartup(f *testing.F) {
	f.Add(packet(protocol30, "user", "kim", "database", "app", "options", `-c a=b --x-y=z -c\ c=d`))
	f.Add(packet(3<<16|9999, "user", "kim", "_pq_.x", "1", "replication", "database"))
	f.Add(packet(codeSSL))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, bad := parseStartup(body)
		if bad != nil {
			require.Len(t, bad.state, 5)
			return
		}
		require.NotEmpty(t, s.user)
		require.NotEmpty(t, s.database)
		for name, value := range s.settings {
			require.Equal(t, strings.ToLower(name), name)
			require.NotContains(t, value, "\x00")
			_ = testWorld().unsettable(map[string]string{name: value})
		}
	})
}
