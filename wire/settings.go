package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settings collects what a client asks for in its startup packet. What of it is allowed is for the Rewriter to say, who knows the one
// table of settings.
type settings struct {
	asked      map[string]string // by folded name
	fromPacket map[string]bool
	tenant     string
	way        Auth // of authSetting
	refused    *failure
}

func newSettings() *settings {
	return &settings{asked: map[string]string{}, fromPacket: map[string]bool{}}
}

// What a client may say here that is for the wire and not for the server.
const (
	tenantSetting = "wherewall.tenant"
	authSetting   = "wherewall.auth" // by which of the ways that are open it will prove itself
)

// add takes a parameter of its own in the packet; it wins over the same name in options, as in PostgreSQL.
func (s *settings) add(name, value string) {
	s.set(name, value)
	s.fromPacket[strings.ToLower(name)] = true
}

func (s *settings) set(given, value string) {
	name := strings.ToLower(given)
	if name == tenantSetting {
		s.setTenant(value)
		return
	}
	if name == authSetting {
		s.setWay(value)
		return
	}
	s.asked[name] = value
}

func (s *settings) setWay(value string) {
	way, known := map[string]Auth{"scram": AuthSCRAM, "token": AuthToken, "oauth": AuthOAuth}[value]
	if !known {
		s.refused = &failure{
			state: stateBadParameter, message: fmt.Sprintf("invalid value for parameter %q: %q", authSetting, printable(value)),
			hint: "Available values: scram, token, oauth.",
		}
		return
	}
	s.way = way
}

func (s *settings) setTenant(value string) {
	if s.tenant != "" && s.tenant != value {
		s.refused = &failure{state: stateAuthorization, message: tenantSetting + " is given twice"}
		return
	}
	if !printableName(value) {
		s.refused = violation(tenantSetting + " must be printable UTF-8")
		return
	}
	s.tenant = value
}

// malformed notes options that no server would understand, or that are none of a client's business.
func (s *settings) malformed(options string) {
	if strings.Contains(strings.ToLower(options), "token") {
		options = "..." // which is nothing to repeat
	}
	if s.refused == nil {
		s.refused = &failure{
			state:   stateDenied,
			message: fmt.Sprintf("permission denied to use the options %q at connection start", printable(options)),
			hint:    "Settings may be given as -c name=value; other switches may not.",
		}
	}
}

func (s *settings) refuseReplication(value string) {
	switch strings.ToLower(value) {
	case "false", "off", "no", "0":
		return
	}
	s.refused = &failure{state: stateDenied, message: "replication connections are not supported"}
}

// unsettable tells why there can be no session with the settings that a client asks for, or nil.
func (w *World) unsettable(asked map[string]string) *failure {
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if r := w.Rewriter.Setting(name, asked[name]); r != nil {
			return &failure{state: r.SQLState, message: printable(r.Message), hint: r.Hint}
		}
	}
	return nil
}
