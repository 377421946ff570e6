package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// The shape of policies, once more, for editors: they complete keys and mark slips while somebody types. It is the shape of a
// file, and a file may hold any part of a policy.

type object = map[string]any

func mapOf(value object) object { return object{"type": "object", "additionalProperties": value} }
func listOf(item object) object { return object{"type": "array", "items": item} }
func oneOf(forms ...object) object {
	return object{"anyOf": forms}
}
func ref(name string) object { return object{"$ref": "#/$defs/" + name} }
func words(list ...string) object {
	return object{"enum": list}
}

// keys is a map with these keys and no others.
func keys(properties object, required ...string) object {
	o := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func said(o object, description string) object {
	copied := maps.Clone(o)
	copied["description"] = description
	return copied
}

// Simple types.
func textual() object { return object{"type": []string{"string", "number", "boolean"}} }
func truth() object   { return object{"type": "boolean"} }
func any1() object    { return object{} }

// JSONSchema is the JSON schema of policy documents.
func JSONSchema() []byte {
	schema := keys(documentKeys())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Wherewall policy"
	schema["$defs"] = definitions()
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		// Maps, lists and texts always have a JSON form.
		panic(fmt.Sprintf("catalog: the schema of policies: %v", err))
	}
	return append(text, '\n')
}

func documentKeys() object {
	return object{
		"wherewall":       said(object{"const": 1}, "The version of this language."),
		"base_role":       said(textual(), "A role that every user holds."),
		"star":            said(words("omit", "error"), "What SELECT * does with columns that are closed."),
		"trust":           said(words("leakproof", "standard", "quiet"), "Which conditions may run on rows that the guard has not passed."),
		"defaults":        ref("defaults"),
		"attributes":      said(mapOf(words(slices.Sorted(slices.Values(attributeTypeNames()))...)), "The types of me.NAME."),
		"entities":        said(mapOf(ref("entity")), "Which table is what, and whose its rows are."),
		"functions":       said(mapOf(keys(object{"reads": listOf(textual())})), "Functions outside pg_catalog that may be called."),
		"permissions":     said(mapOf(ref("permission")), "Named lists of operations."),
		"roles":           said(mapOf(ref("role")), "Named lists of permissions, and how far each reaches."),
		"tenants":         said(mapOf(orNothing(ref("tenant"))), "Tenants by ID."),
		"groups":          mapOf(ref("group")),
		"resource_grants": listOf(ref("resource_grant")),
		"users":           mapOf(ref("user")),
		"audit":           keys(object{"entities": listOf(textual()), "rows": words("keys")}),
	}
}

func orNothing(o object) object { return oneOf(o, object{"type": "null"}) }

func definitions() object {
	condition := oneOf(textual(), keys(object{"sql": textual()}, "sql"))
	values := mapOf(orNothing(condition))
	pattern := maps.Clone(entityShape())
	entity := maps.Clone(entityShape())
	entity["table"] = said(textual(), "SCHEMA.TABLE, quoted as in SQL where needed.")
	operation := oneOf(object{"type": "string", "pattern": `^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*(\(.*\))?$`},
		object{
			"type": "object", "minProperties": 1, "maxProperties": 1,
			"additionalProperties": orNothing(keys(object{"columns": listOf(textual()), "mask": values, "set": values})),
		})
	grant := oneOf(object{"type": "string"}, object{
		"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": oneOf(ref("scope"), keys(object{
			"scope": ref("scope"), "where": condition, "check": condition, "tenants": words("any"),
		})),
	})
	return object{
		"condition":  condition,
		"scope":      oneOf(words("tenant", "own", "tree", "all"), object{"type": "string", "pattern": "^own:.+$"}),
		"entity":     keys(entity, "table", "tenant"),
		"relations":  oneOf(object{"const": "fk"}, mapOf(keys(object{"to": textual(), "join": mapOf(textual()), "many": truth()}, "to", "join"))),
		"operation":  operation,
		"permission": oneOf(listOf(ref("operation")), keys(object{"ops": listOf(ref("operation")), "description": any1(), "tenant_assignable": truth()})),
		"grant":      grant,
		"allow":      listOf(words(allowances...)),
		"role":       keys(object{"can": listOf(ref("grant")), "platform": truth(), "description": any1(), "allow": ref("allow")}),
		"custom_role": keys(object{
			"can": listOf(ref("grant")), "description": any1(), "replaces": textual(), "reviewed": textual(),
		}, "can"),
		"tenant":    keys(object{"parent": textual(), "active": truth(), "name": textual(), "roles": mapOf(ref("custom_role"))}),
		"resources": mapOf(listOf(oneOf(textual(), listOf(textual())))),
		"group": keys(object{
			"tenant": textual(), "members": listOf(textual()), "roles": listOf(textual()), "resources": ref("resources"),
		}, "tenant"),
		"resource_grant": keys(object{
			"user": textual(), "tenant": textual(), "role": textual(), "resources": ref("resources"),
		}, "user", "tenant", "role", "resources"),
		"user": userShape(),
		"defaults": keys(object{"unmapped": words("deny"), "match": listOf(keys(object{
			"tables": object{"type": "string", "pattern": tablePattern.String()}, "has_column": textual(), "as": keys(pattern, "tenant"),
		}, "tables", "as"))}),
	}
}

func entityShape() object {
	return object{
		"key":       oneOf(textual(), listOf(textual())),
		"tenant":    said(oneOf(textual(), keys(object{"column": textual(), "null_is": words("shared")}, "column")), "A column, a path to one, or global."),
		"owner":     said(textual(), "A column, or a path to one, with the user whose row it is."),
		"owners":    mapOf(textual()),
		"relations": ref("relations"),
		"always":    said(ref("condition"), "A second boundary, for everybody."),
		"view":      words("own", "expand"),
	}
}

func userShape() object {
	membership := oneOf(listOf(textual()), keys(object{
		"roles": listOf(textual()), "from": object{"type": "string"}, "until": object{"type": "string"}, "active": truth(),
	}))
	return keys(object{
		"tenants": mapOf(membership), "roles": listOf(textual()), "platform": listOf(textual()), "attrs": mapOf(any1()), "active": truth(),
		"password": object{"type": "string", "pattern": `^SCRAM-SHA-256\$`}, "may_impersonate": said(oneOf(truth(), words(impersonations()...)), "A shared login: token (as true) takes signed tokens only, name takes its client's word too."), "unfiltered": truth(), "allow": ref("allow"),
	})
}
