package rewrite

import (
	"errors"
	"slices"
	"strings"
)

// pin is a setting that every session begins with, and the value. It goes into the server's startup packet, where it wins over the
// configuration, over ALTER ROLE and ALTER DATABASE, and where RESET returns to it.
type pin struct{ name, value string }

// pins are the settings that may change what our text means to the server, what it tells, or where it looks, and that the service login may
// set. search_path is one more.
func pins() []pin {
	return []pin{
		{"standard_conforming_strings", "on"},
		{"backslash_quote", "safe_encoding"},
		{"escape_string_warning", "on"},
		{"client_encoding", "UTF8"},
		{"row_security", "on"},
		{"role", "none"},
		{"transform_null_equals", "off"},
		{"array_nulls", "on"},
		{"xmloption", "content"},
		{"xmlbinary", "base64"},
		{"quote_all_identifiers", "off"},
		{"default_tablespace", ""},
		{"temp_tablespaces", ""},
		{"default_table_access_method", "heap"},
		{"local_preload_libraries", ""},
		{"plan_cache_mode", "auto"},
		{"password_encryption", "scram-sha-256"},
		{"jit", "off"},
		{"debug_print_parse", "off"},
		{"debug_print_rewritten", "off"},
		{"debug_print_plan", "off"},
	}
}

// beginnings are the settings that every session begins with unless its client asks for another value on the list.
func beginnings() []pin {
	return []pin{{"bytea_output", "hex"}, {"client_min_messages", "notice"}, {"check_function_bodies", "on"}}
}

func pinned(name string) (string, bool) {
	for _, p := range pins() {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// pinCheck accepts the value that holds anyway, so that a client which asks for it need not be changed.
func pinCheck(value string) func([]string) error {
	return one(func(asked string) error {
		same := strings.EqualFold(asked, value)
		switch value {
		case "on":
			same = meansOn(asked)
		case "off":
			same = meansOff(asked)
		}
		if !same {
			return errForbidden
		}
		return nil
	})
}

// temporarySchema comes last in the pinned path; where a path does not name it, PostgreSQL looks for relations and types there first.
const temporarySchema = "pg_temp"

// pinnedPath is the path that sessions get.
func (s settings) pinnedPath() []string {
	if slices.Contains(s.path, temporarySchema) {
		return s.path
	}
	return append(slices.Clone(s.path), temporarySchema)
}

// nowhere says whether a search path is the empty one, which pg_dump asks for so that every name is printed with its schema.
func nowhere(schemas []string) bool {
	return !slices.ContainsFunc(schemas, func(schema string) bool { return schema != "" })
}

// searchPath is the rule of search_path: a SET may repeat what holds, or empty it, and no more. "$user" names no schema that path does not have, and
// pg_catalog comes first in any case.
func (s settings) searchPath() settingRule {
	value := joinPath(s.pinnedPath())
	return settingRule{settable: true, reset: true, showable: true, pin: &value, check: func(values []string) error {
		if nowhere(values) {
			return nil
		}
		named := slices.DeleteFunc(slices.Clone(values), func(schema string) bool { return schema == "$user" })
		if len(named) > 0 && named[0] == pgCatalog && !slices.Contains(s.path, pgCatalog) {
			named = named[1:]
		}
		if !slices.Equal(named, s.path) && !slices.Equal(named, s.pinnedPath()) {
			return errForbidden
		}
		return nil
	}}
}

// joinPath renders a path as the setting's value. Plain names stay as they are, so that SHOW looks familiar.
func joinPath(schemas []string) string {
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

// splitPath reads a path as the server does: names separated by commas, folded where they are not quoted.
func splitPath(value string) ([]string, error) {
	malformed := errors.New("this is no list of schemas")
	var schemas []string
	rest := strings.TrimSpace(value)
	for rest != "" {
		name, tail := "", ""
		if rest[0] == '"' {
			end := closingQuote(rest)
			if end < 0 {
				return nil, malformed
			}
			name, tail = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
		} else {
			end := strings.IndexAny(rest, ", \t\n\r\f\v")
			if end < 0 {
				end = len(rest)
			}
			name, tail = strings.ToLower(rest[:end]), rest[end:]
		}
		schemas = append(schemas, name)
		tail = strings.TrimSpace(tail)
		if tail == "" {
			return schemas, nil
		}
		if tail[0] != ',' || strings.TrimSpace(tail[1:]) == "" {
			return nil, malformed
		}
		rest = strings.TrimSpace(tail[1:])
	}
	return schemas, nil
}

// closingQuote finds the end of a quoted name; a doubled quote is a part of it.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 == len(s) || s[i+1] != '"' {
			return i
		}
		i++
	}
	return -1
}
