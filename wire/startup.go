package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Request codes and versions that stand where a startup packet has its protocol version.
const (
	codeCancel = 1234<<16 | 5678
	codeSSL    = 1234<<16 | 5679
	codeGSS    = 1234<<16 | 5680

	protocol30 = 3 << 16
	protocol32 = 3<<16 | 2
)

// extensionPrefix begins the names of what a client would like the protocol to have.
const extensionPrefix = "_pq_."

// startup is a parsed StartupMessage.
type startup struct {
	version    uint32 // as asked
	user       string
	database   string            // never empty
	tenant     string            // of wherewall.tenant; empty for none
	way        Auth              // of wherewall.auth; zero for none
	settings   map[string]string // as asked, by folded name
	given      []pair            // all parameters, as they came
	extensions []string          // `_pq_.` names, none of which is known
	// refused is what is wrong with the parameters. It is told after authentication, so that nobody can ask without it.
	refused *failure
}

// speaks is the newest version that both sides know.
func (s *startup) speaks() uint32 {
	if s.version >= protocol32 {
		return protocol32
	}
	return protocol30
}

// negotiates says whether the client must be told what was not understood.
func (s *startup) negotiates() bool { return s.version != s.speaks() || len(s.extensions) > 0 }

// parseStartup reads the body of a startup packet, the version included. The packet is at most maxStartupPacket long.
func parseStartup(packet []byte) (*startup, *failure) {
	if len(packet) < 4 {
		return nil, violation("invalid length of startup packet")
	}
	s := &startup{version: binary.BigEndian.Uint32(packet)}
	if s.version>>16 != 3 {
		return nil, &failure{
			state:   stateUnsupported,
			message: fmt.Sprintf("unsupported frontend protocol %d.%d: server supports 3.0 to 3.2", s.version>>16, s.version&0xffff),
		}
	}
	pairs, bad := parsePairs(packet[4:])
	if bad != nil {
		return nil, bad
	}
	return s, s.read(pairs)
}

type pair struct{ name, value string }

func parsePairs(b []byte) ([]pair, *failure) {
	layout := violation("invalid startup packet layout: expected terminator as last byte")
	var pairs []pair
	for len(b) > 1 {
		name, rest, ok := bytes.Cut(b, []byte{0})
		if !ok || len(name) == 0 {
			return nil, layout
		}
		value, rest, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return nil, layout
		}
		pairs = append(pairs, pair{string(name), string(value)})
		b = rest
	}
	if len(b) != 1 || b[0] != 0 {
		return nil, layout
	}
	return pairs, nil
}

// read sorts the parameters. What keeps the client from being identified is a failure at once; the rest waits in refused.
func (s *startup) read(pairs []pair) *failure {
	s.given = pairs
	settings := newSettings()
	seen := map[string]bool{}
	var options string
	for _, p := range pairs {
		name := strings.ToLower(p.name)
		if seen[name] {
			return violation(fmt.Sprintf("startup parameter %q is given twice", printable(p.name)))
		}
		seen[name] = true
		switch {
		case p.name == "user":
			s.user = p.value
		case p.name == "database":
			s.database = p.value
		case p.name == "options":
			options = p.value
		case strings.HasPrefix(name, extensionPrefix):
			s.extensions = append(s.extensions, p.name)
		case name == "replication":
			settings.refuseReplication(p.value)
		default:
			settings.add(p.name, p.value)
		}
	}
	return s.finish(settings, options)
}

func (s *startup) finish(settings *settings, options string) *failure {
	if s.user == "" {
		return &failure{state: stateAuthorization, message: "no PostgreSQL user name specified in startup packet"}
	}
	if !printableName(s.user) || !printableName(s.database) {
		return violation("user and database names must be printable UTF-8")
	}
	if s.database == "" {
		s.database = s.user
	}
	settings.addOptions(options)
	s.settings, s.tenant, s.way, s.refused = settings.asked, settings.tenant, settings.way, settings.refused
	return nil
}

// mentionsTenant says whether a client wrote of a tenant, whether it could be read or not.
func (s *startup) mentionsTenant() bool {
	return slices.ContainsFunc(s.given, func(p pair) bool {
		said := p.name
		if p.name == "options" {
			said = strings.ReplaceAll(p.value, `\`, "")
		}
		return strings.Contains(strings.ToLower(said), tenantSetting)
	})
}

// printableName says whether a name is fit for comparison and for a log line.
func printableName(name string) bool {
	if !utf8.ValidString(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// printable cuts a text with a client's words in it for an error message or the log.
func printable(s string) string {
	const longest = 200
	s = withoutTokens(s)
	s = strings.ToValidUTF8(s, "?")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}
