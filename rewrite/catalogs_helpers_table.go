package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// helperTable is what is answered in the place of calls of pg_catalog's functions. A function that is in it neither here nor on the list of
// harmless ones is refused.
func helperTable() map[string]helper {
	all := map[string]helper{}
	for _, h := range objectHelpers() {
		all[h.name] = helper{h.forms, byObject(h.catalog, h.key), ""}
	}
	for typ, list := range constantHelpers() {
		for name, forms := range list {
			all[name] = helper{forms, constantAnswer(typ), ""}
		}
	}
	for name, h := range ownHelpers() {
		all[name] = h
	}
	for name, h := range rightsHelpers() {
		all[name] = h
	}
	nameHelpers(all)
	return all
}

// objectHelper is a function whose first argument is an object's OID: it is called with the OID of a row of a catalog.
type objectHelper struct {
	name, catalog, key string
	forms              []string
}

func objectHelpers() []objectHelper {
	list := []objectHelper{
		{"pg_get_constraintdef", "pg_constraint", "oid", []string{"oid", "oid bool"}},
		{"pg_get_indexdef", "pg_index", "indexrelid", []string{"oid", "oid int4 bool"}},
		{"pg_index_column_has_property", "pg_index", "indexrelid", []string{"oid int4 text"}},
		{"pg_index_has_property", "pg_index", "indexrelid", []string{"oid text"}},
		{"pg_indexam_has_property", "pg_am", "oid", []string{"oid text"}},
		{"pg_get_function_arguments", "pg_proc", "oid", []string{"oid"}},
		{"pg_get_function_identity_arguments", "pg_proc", "oid", []string{"oid"}},
		{"pg_get_function_result", "pg_proc", "oid", []string{"oid"}},
		{"pg_get_function_arg_default", "pg_proc", "oid", []string{"oid int4"}},
		{"pg_get_statisticsobjdef", "pg_statistic_ext", "oid", []string{"oid"}},
		{"pg_get_statisticsobjdef_columns", "pg_statistic_ext", "oid", []string{"oid"}},
		{"pg_get_statisticsobjdef_expressions", "pg_statistic_ext", "oid", []string{"oid"}},
		{"pg_get_partkeydef", "pg_partitioned_table", "partrelid", []string{"oid"}},
	}
	for name, catalog := range map[string]string{
		"table": "pg_class", "type": "pg_type", "function": "pg_proc", "operator": "pg_operator", "opclass": "pg_opclass", "opfamily": "pg_opfamily",
		"collation": "pg_collation", "conversion": "pg_conversion", "statistics_obj": "pg_statistic_ext", "ts_config": "pg_ts_config",
		"ts_dict": "pg_ts_dict", "ts_parser": "pg_ts_parser", "ts_template": "pg_ts_template",
	} {
		list = append(list, objectHelper{"pg_" + name + "_is_visible", catalog, "oid", []string{"oid"}})
	}
	return list
}

// byObject calls a function for the row of a catalog that its first argument names, if the subject sees it.
func byObject(catalog, key string) func(answering) *pg.Node {
	return func(a answering) *pg.Node {
		args := append([]*pg.Node{column(objectAlias, key)}, a.args[1:]...)
		return a.lookup(catalog, call(a.name, args...), operation("=", column(objectAlias, key), a.args[0]))
	}
}

// constantHelpers are functions that would tell what others do, or of texts that nobody sees: everybody is told the same. They are listed by what
// that is.
func constantHelpers() map[constant]map[string][]string {
	return map[constant]map[string][]string{
		{"text", ""}: {
			"pg_get_viewdef": {"text", "text text"}, "pg_get_ruledef": {"oid", "oid bool"}, "pg_get_functiondef": {"oid"}, "pg_get_function_sqlbody": {"oid"},
			"pg_get_partition_constraintdef": {"oid"}, "shobj_description": {"oid text"},
			"pg_collation_actual_version": {"oid"}, "pg_database_collation_actual_version": {"oid"}, "pg_relation_filepath": {"text"},
		},
		{"int8", ""}: {
			"pg_table_size": {"text"}, "pg_total_relation_size": {"text"}, "pg_relation_size": {"text", "text text"}, "pg_indexes_size": {"text"},
			"pg_database_size": {"text"}, "pg_tablespace_size": {"text"}, "pg_sequence_last_value": {"text"},
		},
		{"oid", ""}: {"pg_relation_filenode": {"text"}, "pg_get_replica_identity_index": {"text"}, "pg_partition_root": {"text"}},
		{"text", "''"}: {
			"pg_tablespace_location": {"oid"},
		},
		{"bool", "false"}: {
			"pg_relation_is_publishable": {"text"}, "pg_is_other_temp_schema": {"oid"}, "row_security_active": {"text"}, "pg_jit_available": {""},
		},
		{"oid", "0"}:      {"pg_my_temp_schema": {""}},
		{"aclitem[]", ""}: {"acldefault": {"char oid"}, "pg_get_acl": {"oid oid int4"}},
	}
}

// constant is a value of a type, or NULL where there is none; ” is the empty text.
type constant struct{ typ, value string }

func constantAnswer(c constant) func(answering) *pg.Node {
	return func(a answering) *pg.Node {
		if c.value == "" {
			return cast(null(), helperType(c.typ))
		}
		value := cast(literal(strings.Trim(c.value, "'")), helperType(c.typ))
		if c.typ == "bool" {
			value = boolean(c.value == "true")
		}
		for _, arg := range a.args { // of NULL, PostgreSQL's own say NULL
			value = caseWhen(isNull(arg), cast(null(), helperType(c.typ)), value)
		}
		return value
	}
}

// ownHelpers are those that have an answer of their own.
func ownHelpers() map[string]helper {
	return map[string]helper{
		"format_type":            {[]string{"oid int4"}, formattedType, ""},
		"oidvectortypes":         {[]string{"oidvector"}, formattedTypes, ""},
		"pg_get_triggerdef":      {[]string{"oid", "oid bool"}, triggerText, ""},
		"pg_get_userbyid":        {[]string{"oid"}, ownerName, ""},
		"pg_get_expr":            {[]string{"pg_node_tree oid", "pg_node_tree oid bool"}, printedExpression, ""},
		"obj_description":        {[]string{"oid", "oid name"}, objectComment, ""},
		"col_description":        {[]string{"oid int4"}, columnComment, ""},
		"pg_get_serial_sequence": {[]string{"text text"}, serialSequence, ""},
		"current_schemas":        {[]string{"bool"}, schemasSearched, "name"},
		"pg_partition_ancestors": {[]string{"text"}, partitionAncestors, rowsOfHelper},
		startHelper:              {[]string{"oid int8"}, sequenceStart, ""},
	}
}
