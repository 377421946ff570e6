package docs_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

func TestTheSchemaForEditorsIsCurrent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("schema.json")
	require.NoError(t, err)
	require.Equal(t, string(catalog.JSONSchema()), string(text), "run: make docs")
}

// TestEveryKeyIsExplained compares the tables of policy-reference.md with the schema: a section for everything that has keys.
func TestEveryKeyIsExplained(t *testing.T) {
	t.Parallel()
	var schema map[string]any
	require.NoError(t, json.Unmarshal(catalog.JSONSchema(), &schema))
	want := map[string]map[string]bool{"document": {}, "relation": {}, "membership": {}}
	note := func(section string, keys map[string]any) {
		if want[section] == nil {
			want[section] = map[string]bool{}
		}
		for key := range keys {
			want[section][key] = true
		}
	}
	note("document", schema["properties"].(map[string]any))
	for name, definition := range schema["$defs"].(map[string]any) {
		switch name {
		case "condition", "scope", "allow", "resources": // They are explained where they are used.
		case "relations":
			note("relation", keysIn(definition, "to"))
		default:
			note(name, keysIn(definition, ""))
		}
	}
	note("membership", keysIn(schema["$defs"].(map[string]any)["user"].(map[string]any)["properties"].(map[string]any)["tenants"], "from"))
	note("defaults", keysIn(schema["$defs"].(map[string]any)["defaults"], "has_column"))

	text, err := os.ReadFile("policy-reference.md")
	require.NoError(t, err)
	got := map[string]map[string]bool{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		got[name] = map[string]bool{}
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(body, -1) {
			got[name][row[1]] = true
		}
	}
	require.Equal(t, want, got)
}

// keysIn finds the keys of the first map with fixed keys below a part of the schema, or of the first that has a certain key.
func keysIn(part any, with string) map[string]any {
	switch part := part.(type) {
	case map[string]any:
		if keys, ok := part["properties"].(map[string]any); ok && (with == "" || keys[with] != nil) {
			return keys
		}
		for _, name := range slices.Sorted(maps.Keys(part)) {
			if found := keysIn(part[name], with); found != nil {
				return found
			}
		}
	case []any:
		for _, item := range part {
			if found := keysIn(item, with); found != nil {
				return found
			}
		}
	}
	return nil
}
