package store

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// populationTables are those that an administrator of people writes.
func populationTables() []string {
	return []string{
		"tenant", "app_user", "credential", "membership", "member_role", "user_role", "platform_role", "user_attr", "role", "role_grant", "grp", "grp_member", "grp_role",
		"grp_resource", "resource_grant",
	}
}

// modelTables are those that hold a model.
func modelTables() []string {
	return []string{"setting", "attribute", "entity", "entity_relation", "permission", "permission_op", "function"}
}

// bookTables are those that triggers alone write.
func bookTables() []string { return []string{"state", "policy_version", "change", "migration"} }

func qualified(tables []string) string {
	list := make([]string, len(tables))
	for i, t := range tables {
		list[i] = Schema + "." + t
	}
	return strings.Join(list, ", ")
}

// GrantReader is the SQL that lets a role read the policy, as a proxy does: it changes nothing.
func GrantReader(role string) string {
	who := pgx.Identifier{role}.Sanitize()
	all := append(append(populationTables(), modelTables()...), bookTables()...)
	return "GRANT USAGE ON SCHEMA " + Schema + " TO " + who + ";\n" +
		"GRANT SELECT ON " + qualified(all) + " TO " + who + ";\n"
}

// GrantWriter is the SQL that lets a role change the policy. The history is for triggers to write.
func GrantWriter(role string) string {
	who := pgx.Identifier{role}.Sanitize()
	return GrantReader(role) +
		"GRANT INSERT, UPDATE, DELETE ON " + qualified(append(populationTables(), modelTables()...)) + " TO " + who + ";\n"
}
