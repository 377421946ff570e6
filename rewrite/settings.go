package rewrite

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// settingRule is what a filtered session may do with a setting of the server. The zero rule allows nothing.
type settingRule struct {
	settable bool // by SET, SET LOCAL and, to the session's own start, RESET
	showable bool // by SHOW
	// check accepts or refuses the values of a SET; nil refuses all. A nil error is acceptance.
	check func(values []string) error
}

// accepts says whether the setting may be set to values, as SET has them: one, or several separated by commas.
func (r settingRule) accepts(values []string) error {
	if !r.settable || r.check == nil {
		return errors.New("this setting cannot be changed")
	}
	return r.check(values)
}

// setting returns the rule of a setting, whose name may be in any case, and whether there is one. Settings without a rule
// are pinned by the proxy, or tell of or change more than the session.
func setting(name string) (settingRule, bool) {
	name = strings.ToLower(name)
	if check := settable(name); check != nil {
		return settingRule{settable: true, showable: true, check: check}, true
	}
	if showableOnly(name) {
		return settingRule{showable: true}, true
	}
	return settingRule{}, false
}

// settable returns the check of a setting that sessions may set, else nil. None of these changes what a statement means to the parser,
// which names it finds or which rows it reads.
func settable(name string) func([]string) error {
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
		return oneOf("utf8", "utf-8", "unicode")
	case "standard_conforming_strings":
		return oneOf("on", "true", "yes", "1")
	case "client_min_messages":
		// Lower levels print rewritten trees, higher ones hide errors of ours from old clients.
		return oneOf("notice", "warning", "error")
	case "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout":
		return one(timeout)
	case "default_transaction_isolation":
		return oneOf("serializable", "repeatable read", "read committed", "read uncommitted")
	case "transaction_isolation":
		return oneOf("serializable", "repeatable read", "read committed", "read uncommitted")
	case "default_transaction_read_only", "default_transaction_deferrable", "transaction_read_only", "transaction_deferrable":
		return oneOf("on", "off", "true", "false", "yes", "no", "1", "0")
	}
	return nil
}

// showableOnly lists the settings that drivers and tools ask for and that tell no more than which PostgreSQL it is. What search_path
// may be set to depends on the database: see searchPath.
func showableOnly(name string) bool {
	switch name {
	case "server_version", "server_version_num", "server_encoding", "integer_datetimes", "max_identifier_length",
		"max_index_keys", "block_size", "lc_collate", "lc_ctype", "lc_messages", "lc_monetary", "lc_numeric", "lc_time",
		"search_path", "escape_string_warning", "backslash_quote", "array_nulls", "default_text_search_config",
		"is_superuser", "in_hot_standby", "geqo", "xmloption", "xmlbinary":
		return true
	}
	return false
}

// searchPath is the rule of search_path, which is pinned to the schemas of path: a SET may repeat what holds, and no more. "$user" names no
// schema that path does not have, and pg_catalog comes first in any case.
func searchPath(path []string) settingRule {
	return settingRule{settable: true, showable: true, check: func(values []string) error {
		named := slices.DeleteFunc(slices.Clone(values), func(schema string) bool { return schema == "$user" })
		if len(named) > 0 && named[0] == pgCatalog && !slices.Contains(path, pgCatalog) {
			named = named[1:]
		}
		if !slices.Equal(named, path) {
			return errors.New("the search path is pinned by the proxy")
		}
		return nil
	}}
}

// one is a check of a single value.
func one(check func(string) error) func([]string) error {
	return func(values []string) error {
		if len(values) != 1 {
			return errors.New("it takes one value")
		}
		return check(values[0])
	}
}

// oneOf is a check of a single value that must be a word of a list, in any case.
func oneOf(words ...string) func([]string) error {
	return one(func(value string) error { return wordOf(value, words) })
}

// each is a check of values that are words of a list, in any case. DateStyle takes them apart or as one text, as in 'ISO, DMY'.
func each(words ...string) func([]string) error {
	return func(values []string) error {
		for word := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if err := wordOf(strings.TrimSpace(word), words); err != nil {
				return err
			}
		}
		return nil
	}
}

func wordOf(value string, words []string) error {
	for _, word := range words {
		if strings.EqualFold(value, word) {
			return nil
		}
	}
	return fmt.Errorf("it may be set to %s only", strings.Join(words, ", "))
}

// integer32 is a check of a single integer between two bounds.
func integer32(low, high int64) func([]string) error {
	return one(func(value string) error {
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32)
		if err != nil || n < low || n > high {
			return fmt.Errorf("it may be set to %d to %d only", low, high)
		}
		return nil
	})
}

// timeout accepts a non-negative number with or without a unit of time: 0, 500, '5s', '1.5 min'.
func timeout(value string) error {
	value = strings.TrimSpace(value)
	digits := strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz")
	unit := value[len(digits):]
	switch unit {
	case "", "us", "ms", "s", "min", "h", "d":
	default:
		return errors.New("its units are us, ms, s, min, h and d")
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || n < 0 || n > 2147483647 || strings.ContainsAny(digits, "xXpP_iInN") {
		return errors.New("it takes a time that is not negative")
	}
	return nil
}

// timeZone accepts what names a time zone: the server looks the name up in its own files, so nothing may lead out of their folder.
func timeZone(value string) error {
	if len(value) > 100 || strings.Contains(value, "..") || strings.HasPrefix(value, "/") {
		return errors.New("this is no time zone")
	}
	for _, c := range value {
		if c < ' ' || c > '~' || c == '\\' {
			return errors.New("this is no time zone")
		}
	}
	return nil
}
