package wire

import "strings"

// settingName folds a setting's name as the server does.
func settingName(name string) string { return strings.ToLower(name) }

// bare is a path without what its writer was free to choose. Two paths that differ can look the same to it only if a schema's name holds a
// quote or a space, and the pin is what counts anyway.
func bare(path string) string { return strings.NewReplacer(" ", "", `"`, "").Replace(path) }

// noPath is the search path of a session that asked for an empty one: temporary tables are last in it.
const noPath = "pg_temp"

// drifted says whether the server reports a value that would change what our text means to it.
func drifted(name, value string, b *Backend) bool {
	switch name {
	case "search_path": // reported since PostgreSQL 18
		return bare(value) != bare(b.Parameters[name]) && bare(value) != noPath
	case "client_encoding":
		return value != "UTF8"
	case "standard_conforming_strings":
		return value != "on"
	case "session_authorization":
		return value != b.Login
	default:
		return false
	}
}

// adrift names a setting that a server connection does not begin with as it was asked to; empty for none. The server tells of few of them, and
// takes them all or ends the connection.
func adrift(b *Backend, asked map[string]string) string {
	for name, value := range b.Parameters {
		if drifted(name, value, b) || name == "search_path" && bare(value) != bare(asked[name]) {
			return name
		}
	}
	return ""
}

// reported are the parameters that clients are told of, in the order PostgreSQL uses. A server reports those that its version knows.
func reported() []string {
	return []string{
		"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
		"integer_datetimes", "IntervalStyle", "is_superuser", "scram_iterations", "search_path", "server_encoding", "server_version",
		"session_authorization", "standard_conforming_strings", "TimeZone",
	}
}

// toldValue is what the client is told of a reported parameter; false for one that is not its business.
func toldValue(name, value, user string) (string, bool) {
	switch name {
	case "is_superuser":
		return "off", true
	case "session_authorization":
		return user, true
	case "search_path":
		return strings.TrimSuffix(strings.TrimSuffix(value, noPath), ", "), true
	}
	for _, r := range reported() {
		if r == name {
			return value, true
		}
	}
	return "", false
}
