package catalog_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

// fits says whether a value has the shape of a schema, for the few words of JSON schema that ours uses; it stops the test at any other.
func fits(t *testing.T, root, schema map[string]any, value any) bool {
	t.Helper()
	for word, argument := range schema {
		ok := true
		switch word {
		case "$schema", "title", "description", "$defs", "properties":
		case "$ref":
			name := strings.TrimPrefix(argument.(string), "#/$defs/")
			target, known := root["$defs"].(map[string]any)[name].(map[string]any)
			require.True(t, known, name)
			ok = fits(t, root, target, value)
		case "anyOf":
			ok = slices.ContainsFunc(argument.([]any), func(s any) bool { return fits(t, root, s.(map[string]any), value) })
		case "type":
			ok = hasType(argument, value)
		case "const":
			ok = argument == value
		case "enum":
			ok = slices.Contains(argument.([]any), value)
		case "pattern":
			text, isText := value.(string)
			ok = isText && regexp.MustCompile(argument.(string)).MatchString(text)
		case "items":
			list, _ := value.([]any)
			ok = !slices.ContainsFunc(list, func(v any) bool { return !fits(t, root, argument.(map[string]any), v) })
		case "additionalProperties":
			ok = fitsKeys(t, root, schema, value)
		case "required":
			m, _ := value.(map[string]any)
			ok = !slices.ContainsFunc(argument.([]any), func(k any) bool { _, there := m[k.(string)]; return !there })
		case "minProperties", "maxProperties":
			m, _ := value.(map[string]any)
			ok = len(m) == int(argument.(float64))
		default:
			require.Fail(t, "the test does not know the word "+word)
		}
		if !ok {
			return false
		}
	}
	return true
}

func fitsKeys(t *testing.T, root, schema map[string]any, value any) bool {
	t.Helper()
	m, ok := value.(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	for key, v := range m {
		shape, known := properties[key].(map[string]any)
		if !known {
			shape, known = schema["additionalProperties"].(map[string]any)
		}
		if !known || !fits(t, root, shape, v) {
			return false
		}
	}
	return ok
}

func hasType(argument, value any) bool {
	list, several := argument.([]any)
	if !several {
		list = []any{argument}
	}
	names := map[string]bool{}
	switch value.(type) {
	case nil:
		names["null"] = true
	case bool:
		names["boolean"] = true
	case float64:
		names["number"] = true
	case string:
		names["string"] = true
	case []any:
		names["array"] = true
	case map[string]any:
		names["object"] = true
	}
	return slices.ContainsFunc(list, func(n any) bool { return names[n.(string)] })
}

func schemaFits(t *testing.T, text string) bool {
	t.Helper()
	var schema map[string]any
	require.NoError(t, json.Unmarshal(catalog.JSONSchema(), &schema))
	converted, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(converted, &value))
	return fits(t, schema, schema, value)
}

func TestTheSamplesFitTheSchemaForEditors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../examples/*/policy/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 5)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		require.True(t, schemaFits(t, string(text)), f)
	}
	require.True(t, schemaFits(t, wholePolicy))
	require.True(t, schemaFits(t, goodPolicy))
}

func TestTheSchemaForEditorsKnowsWhatTheReaderKnows(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a mistaken key":        "rolse: {}",
		"a key of an entity":    "entities: {e: {table: a.b, tenant: c, onwer: d}}",
		"no tenant":             "entities: {e: {table: a.b}}",
		"a scope":               "roles: {r: {can: [v: onw]}}",
		"a word for a list":     "roles: {r: {can: v}}",
		"an operation":          "permissions: {v: [invoice]}",
		"two keys in one grant": "roles: {r: {can: [{v: own, w: own}]}}",
		"a password in clear":   "users: {u: {password: hunter2}}",
		"an attribute's type":   "attributes: {a: integer}",
		"a relation's join":     "entities: {e: {table: a.b, tenant: c, relations: {r: {to: x}}}}",
	} {
		require.False(t, schemaFits(t, text), name)
		require.NotEmpty(t, problems(t, "wherewall: 1\n"+text+"\n"), name)
	}
}
