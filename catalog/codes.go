package catalog

// The codes of validation. They are stable: scripts and the API rely on them.
const (
	CodeYAMLSyntax            = "yaml_syntax"   // the file is not YAML, or uses what the language leaves out
	CodeWrongShape            = "wrong_shape"   // a list where a map belongs, a word where true or false belongs
	CodeNotSupported          = "not_supported" // part of the language, and not of this release
	CodeUnknownKey            = "unknown_key"
	CodeDuplicateKey          = "duplicate_key"
	CodeReservedName          = "reserved_name"
	CodeInvalidName           = "invalid_name" // cannot be written where it is used
	CodeUnknownPermission     = "unknown_permission"
	CodeUnknownEntity         = "unknown_entity"
	CodeUnknownOperation      = "unknown_operation"
	CodeUnknownTable          = "unknown_table"
	CodeUnknownColumn         = "unknown_column" // also an attribute of me
	CodeUnknownRole           = "unknown_role"
	CodeUnknownTenant         = "unknown_tenant"
	CodeConditionSyntax       = "condition_syntax"
	CodeConditionNotBoolean   = "condition_not_boolean"
	CodeFunctionNotAllowed    = "function_not_allowed"
	CodeTypeMismatch          = "type_mismatch"  // two sides that cannot be compared, or a value that does not fit
	CodeUnmappable            = "unmappable"     // a relation that rows cannot be filtered in
	CodeTenantMissing         = "tenant_missing" // an entity does not say whose its rows are
	CodeTableMappedTwice      = "table_mapped_twice"
	CodeScopeAllNeedsPlatform = "scope_all_needs_platform"
	CodeScopeOwnNeedsOwner    = "scope_own_needs_owner"
	CodeRoleMisplaced         = "role_misplaced" // a platform role where a tenant's belongs, or the reverse
	CodeNoNegative            = "no_negative_permissions"
	CodePathNotToOne          = "path_not_to_one"
	CodeRelationAmbiguous     = "relation_ambiguous"
	CodeMaskConflict          = "mask_conflict"
	CodeTenantCycle           = "tenant_cycle"
	CodeUnknownUser           = "unknown_user"
	CodeUnknownFunction       = "unknown_function"
	CodeNotAssignable         = "not_tenant_assignable" // a tenant's role reaches beyond what tenants may give
	CodePatternAmbiguous      = "pattern_ambiguous"     // two patterns of defaults.match are equally specific
)

// The codes of warnings.
const (
	CodeNeverMatches      = "never_matches"      // something that is declared gives nothing
	CodeUnindexed         = "unindexed"          // a column that every statement will look at has no index
	CodeUnusedRole        = "unused_role"        // nobody has the role
	CodeUnrelatedResource = "unrelated_resource" // a resource set that says nothing of an entity
	CodeNotLocal          = "not_local"          // a condition that only the database can decide
	CodeUnmatched         = "unmatched"          // a table that fits a pattern and cannot be an entity
	CodeNotOverNull       = "not_over_null"      // NOT over a column that may be NULL
	CodeNotEnforced       = "not_enforced"       // something that is declared and that this version does not act on
)
