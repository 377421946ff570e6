package rewrite

import (
	"errors"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// settings is the one table of what a filtered session may do with the settings of the server, whichever way it asks: SET, SET LOCAL, RESET,
// SHOW, set_config(), or the startup packet. What is not in it is refused.
type settings struct {
	path   []string // that search_path is pinned to, without the temporary schema
	limits catalog.Limits
}

// settingRule is what may be done with one setting. The zero rule allows nothing.
type settingRule struct {
	settable bool // to values that check accepts
	reset    bool // to what the session began with, which is ours
	showable bool
	pin      *string // the value that the proxy holds it to
	// check accepts or refuses the values of a SET; nil refuses all. A nil error is acceptance.
	check func(values []string) error
}

// errForbidden is a value that the server would take and the proxy does not let pass. Other errors are about values that mean nothing.
var errForbidden = errors.New("this value is not allowed")

// accepts says whether the setting may be set to values, as SET has them: one, or several separated by commas.
func (r settingRule) accepts(values []string) error {
	if !r.settable || r.check == nil {
		return errForbidden
	}
	return r.check(values)
}

// rule returns the rule of a setting, whose name may be in any case, and whether there is one. Settings without a rule tell of or change more
// than the session.
func (s settings) rule(name string) (settingRule, bool) {
	name = strings.ToLower(name)
	if name == "search_path" {
		return s.searchPath(), true
	}
	if check := s.settable(name); check != nil {
		return settingRule{settable: true, reset: !s.loosens(name), showable: true, check: check}, true
	}
	if value, ok := pinned(name); ok {
		return settingRule{settable: true, reset: true, showable: true, pin: &value, check: pinCheck(value)}, true
	}
	if name == sessionAuthorization {
		return settingRule{reset: true}, true // to the login of the proxy, which it always is
	}
	if slices.Contains(showableOnly(), name) {
		return settingRule{showable: true}, true
	}
	return settingRule{}, false
}

// loosens says whether RESET would give a session more than its operator wants: the mode of a running transaction goes back to the server's
// own default and not to the session's.
func (s settings) loosens(name string) bool {
	return name == "transaction_read_only" && s.limits.ReadOnly
}

// settable returns the check of a setting that sessions may set, else nil. None of these changes what a statement means to the parser,
// which names it finds or which rows it reads.
func (s settings) settable(name string) func([]string) error {
	switch name {
	case "timezone":
		return one(timeZone)
	case "datestyle":
		return each("iso", "sql", "postgres", "german", "ymd", "dmy", "mdy", "us", "euro", "european", "noneuro", "noneuropean", "default")
	case "intervalstyle":
		return oneOf("sql_standard", "postgres", "postgres_verbose", "iso_8601")
	case "extra_float_digits":
		return integer32(-15, 3)
	case "application_name":
		return one(func(string) error { return nil })
	case "bytea_output":
		return oneOf("hex", "escape")
	case "client_encoding":
		// Any other would let bytes of one character be read as a backslash or quote by the server.
		return one(encoding)
	case "standard_conforming_strings":
		return oneOf("on", "true", "yes", "1")
	case "check_function_bodies", "synchronize_seqscans":
		// pg_dump turns them off. The one is about functions that no session can make, the other about where a scan begins.
		return one(onOrOff)
	case "restrict_nonsystem_relation_kind":
		return each("", "view", "foreign-table") // pg_dump closes them to itself
	case "client_min_messages":
		// Lower levels print rewritten trees, higher ones hide errors of ours from old clients.
		return oneOf("notice", "warning", "error")
	case "default_transaction_isolation", "transaction_isolation":
		return oneOf("serializable", "repeatable read", "read committed", "read uncommitted")
	case "default_transaction_read_only", "transaction_read_only":
		return one(s.readOnly)
	case "default_transaction_deferrable", "transaction_deferrable":
		return one(onOrOff)
	}
	if limit, ok := s.limits.Timeouts[name]; ok {
		return one(timeout(limit))
	}
	return nil
}

// settableNames are the names that hints may propose.
func (s settings) settableNames() []string {
	names := []string{
		"timezone", "datestyle", "intervalstyle", "extra_float_digits", "application_name", "bytea_output", "client_encoding",
		"standard_conforming_strings", "client_min_messages", "check_function_bodies", "synchronize_seqscans", "default_transaction_isolation", "transaction_isolation",
		"default_transaction_read_only", "transaction_read_only", "default_transaction_deferrable", "transaction_deferrable",
	}
	for name := range s.limits.Timeouts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sessionAuthorization is the setting that names the user, who is not the server's own for the proxy.
const sessionAuthorization = "session_authorization"

// showableOnly lists the settings that drivers and tools ask for and that tell no more than which PostgreSQL it is. What search_path
// may be set to depends on the database: see searchPath.
func showableOnly() []string {
	return []string{
		"server_version", "server_version_num", "server_encoding", "integer_datetimes", "max_identifier_length",
		"max_index_keys", "block_size", "lc_collate", "lc_ctype", "lc_messages", "lc_monetary", "lc_numeric", "lc_time",
		"default_text_search_config", "is_superuser", "in_hot_standby", "geqo",
	}
}

// showableNames are the settings that SHOW shows, in lower case.
func (s settings) showableNames() []string {
	names := append(s.settableNames(), showableOnly()...)
	names = append(names, "search_path", "restrict_nonsystem_relation_kind")
	for _, p := range pins() {
		names = append(names, p.name)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		r, ok := s.rule(name)
		return !ok || !r.showable
	})
	slices.Sort(names)
	return slices.Compact(names)
}
