package captured

import (
	"fmt"
	"regexp"
	"strings"
)

// Values reads parameters as PostgreSQL logs them. A nil is NULL.
func Values(logged string) ([][]byte, error) {
	var values [][]byte
	for logged != "" {
		prefix := fmt.Sprintf("$%d = ", len(values)+1)
		rest, ok := strings.CutPrefix(logged, prefix)
		if !ok {
			return nil, fmt.Errorf("parameters: %q does not begin with %q", logged, prefix)
		}
		if after, null := strings.CutPrefix(rest, "NULL"); null {
			values, logged = append(values, nil), strings.TrimPrefix(after, ", ")
			continue
		}
		value, after, err := unquote(rest)
		if err != nil {
			return nil, err
		}
		values, logged = append(values, []byte(value)), strings.TrimPrefix(after, ", ")
	}
	return values, nil
}

// unquote reads one value in quotes, which are doubled inside of it.
func unquote(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, "'") {
		return "", "", fmt.Errorf("parameters: %q begins no value", text)
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
			b.WriteByte(text[i])
		case strings.HasPrefix(text[i:], "''"):
			b.WriteByte('\'')
			i++
		default:
			return b.String(), text[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("parameters: %q has no end", text)
}

var (
	number      = regexp.MustCompile(`\b\d{5,7}\b`)
	placeholder = regexp.MustCompile(`\{(?:class|type|schema|function|constraint|default|trigger) [^{}\n]+\}`)
)

// Names replaces OIDs by names, as far as they are known.
func Names(text string, names map[string]string) string {
	return number.ReplaceAllStringFunc(text, func(oid string) string {
		if name, known := names[oid]; known {
			return name
		}
		return oid
	})
}

// OIDs is the way back. A name that is not known stays.
func OIDs(text string, oids map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if oid, known := oids[name]; known {
			return oid
		}
		return name
	})
}

// NamesQuery gives the names and OIDs of a database's own objects.
const NamesQuery = `
SELECT '{class ' || oid::regclass || '}', oid FROM pg_class WHERE oid > 16384 AND relnamespace >= 16384
UNION ALL SELECT '{type ' || oid::regtype || '}', oid FROM pg_type WHERE oid > 16384 AND typnamespace >= 16384
UNION ALL SELECT '{schema ' || nspname || '}', oid FROM pg_namespace WHERE oid > 16384
UNION ALL SELECT '{function ' || oid::regproc || '}', oid FROM pg_proc WHERE oid > 16384 AND pronamespace >= 16384
UNION ALL SELECT '{constraint ' || conrelid::regclass || ' ' || conname || '}', oid FROM pg_constraint WHERE oid > 16384 AND conrelid >= 16384
UNION ALL SELECT '{default ' || adrelid::regclass || ' ' || adnum || '}', oid FROM pg_attrdef WHERE adrelid >= 16384
UNION ALL SELECT '{trigger ' || tgrelid::regclass || ' ' || tgname || '}', oid FROM pg_trigger WHERE NOT tgisinternal`
