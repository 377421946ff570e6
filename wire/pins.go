package wire

import (
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// backendSettings are the session defaults of a server connection: the client's own, and over them the pins. They go
// into the startup packet, so that RESET and DISCARD return to them.
func backendSettings(client map[string]string, s *catalog.Schema) map[string]string {
	settings := map[string]string{
		"bytea_output":        "hex",
		"client_min_messages": "notice",
	}
	maps.Copy(settings, client)
	maps.Copy(settings, map[string]string{
		"standard_conforming_strings": "on",
		"backslash_quote":             "safe_encoding",
		"client_encoding":             "UTF8",
		"search_path":                 pinnedPath(s.SearchPath),
		"row_security":                "on",
		"role":                        "none",
		"transform_null_equals":       "off",
		"array_nulls":                 "on",
		"xmloption":                   "content",
		"quote_all_identifiers":       "off",
		"default_tablespace":          "",
		"debug_print_parse":           "off",
		"debug_print_rewritten":       "off",
		"debug_print_plan":            "off",
	})
	return settings
}

// settingName folds a setting's name as the server does.
func settingName(name string) string { return strings.ToLower(name) }

// searchPath renders a path as the setting's value. Plain names stay as they are, so that SHOW looks familiar.
func searchPath(schemas []string) string {
	quoted := make([]string, len(schemas))
	for i, s := range schemas {
		quoted[i] = s
		if !plainName(s) {
			quoted[i] = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
	}
	if len(quoted) == 0 {
		return `""`
	}
	return strings.Join(quoted, ", ")
}

func plainName(s string) bool {
	if s == "" || (s[0] >= '0' && s[0] <= '9') {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	})
}

// pinnedPath is the path that sessions get. Temporary objects come last in it; where a path does not name them, PostgreSQL looks for
// relations and types among them first.
func pinnedPath(schemas []string) string {
	const temporary = "pg_temp"
	if slices.Contains(schemas, temporary) {
		return searchPath(schemas)
	}
	return searchPath(append(slices.Clone(schemas), temporary))
}

// samePath says whether a client asks for the path that is pinned anyway.
func samePath(asked string, schemas []string) bool {
	return bare(asked) == bare(searchPath(schemas)) || bare(asked) == bare(pinnedPath(schemas))
}

// bare is a path without what its writer was free to choose. Two paths that differ can look the same to it only if a schema's name holds a
// quote or a space, and the pin is what counts anyway.
func bare(path string) string { return strings.NewReplacer(" ", "", `"`, "").Replace(path) }

// drifted says whether the server reports a value that would change what our text means to it.
func drifted(name, value string, b *Backend) bool {
	switch name {
	case "search_path": // reported since PostgreSQL 18
		return bare(value) != bare(b.Parameters[name])
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

// reported are the parameters that clients are told of, in the order PostgreSQL uses.
func reported() []string {
	return []string{
		"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
		"integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version",
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
	}
	for _, r := range reported() {
		if r == name {
			return value, true
		}
	}
	return "", false
}
