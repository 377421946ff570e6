package wire

import (
	"fmt"
	"strings"
)

// settings collects what a client asks for in its startup packet. It is an allow-list by name and, where a value could
// change what statements mean or what the client gets to see, by value.
type settings struct {
	accepted   map[string]string
	fromPacket map[string]bool
	tenant     string
	refused    *failure
}

func newSettings() *settings {
	return &settings{accepted: map[string]string{}, fromPacket: map[string]bool{}}
}

const tenantSetting = "wherewall.tenant"

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
	accepted, ok := acceptSetting(name, value)
	if !ok {
		s.refuse(given, value, name)
		return
	}
	s.accepted[name] = accepted
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

func (s *settings) refuse(given, value, name string) {
	f := &failure{
		state:   stateDenied,
		message: fmt.Sprintf("permission denied to set parameter %q at connection start", printable(given)),
		hint:    "Remove it from the connection string.",
	}
	if knownSetting(name) {
		f.message = fmt.Sprintf("permission denied to set parameter %q to %q at connection start", printable(given), printable(value))
	}
	if s.refused == nil {
		s.refused = f
	}
}

func (s *settings) refuseReplication(value string) {
	switch strings.ToLower(value) {
	case "false", "off", "no", "0":
		return
	}
	s.refused = &failure{state: stateDenied, message: "replication connections are not supported"}
}

// acceptSetting returns the value to send to the server.
func acceptSetting(name, value string) (string, bool) {
	if strings.ContainsRune(value, 0) {
		return "", false
	}
	switch name {
	case "application_name", "datestyle", "timezone", "intervalstyle", "extra_float_digits", "search_path",
		"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout":
		return value, true
	case "client_encoding":
		return "UTF8", isUTF8(value)
	case "standard_conforming_strings":
		return "on", oneOf(value, "on", "true", "yes", "1")
	case "bytea_output":
		return value, oneOf(value, "hex", "escape")
	case "client_min_messages":
		return value, oneOf(value, "notice", "warning", "error")
	default:
		return "", false
	}
}

func knownSetting(name string) bool {
	switch name {
	case "client_encoding", "standard_conforming_strings", "bytea_output", "client_min_messages":
		return true
	default:
		return false
	}
}

func oneOf(value string, allowed ...string) bool {
	for _, a := range allowed {
		if strings.EqualFold(value, a) {
			return true
		}
	}
	return false
}

// isUTF8 knows the spellings of clients: UTF8, UNICODE, utf-8, and asyncpg's 'utf-8' with the quotes.
func isUTF8(value string) bool {
	if len(value) >= 2 && value[0] == '\'' && value[len(value)-1] == '\'' {
		value = value[1 : len(value)-1]
	}
	value = strings.NewReplacer("-", "", "_", "").Replace(value)
	return oneOf(value, "utf8", "unicode")
}
