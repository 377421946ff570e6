package rewrite

import "google.golang.org/protobuf/reflect/protoreflect"

// definitionCommand is a command that defines, changes or drops what a database consists of.
func definitionCommand(kind protoreflect.Name) string {
	switch kind {
	case "AlterCollationStmt":
		return "ALTER COLLATION"
	case "AlterDomainStmt":
		return "ALTER DOMAIN"
	case "AlterEnumStmt", "AlterTypeStmt":
		return "ALTER TYPE"
	case "AlterEventTrigStmt":
		return "ALTER EVENT TRIGGER"
	case "AlterExtensionContentsStmt", "AlterExtensionStmt":
		return "ALTER EXTENSION"
	case "AlterFdwStmt":
		return "ALTER FOREIGN DATA WRAPPER"
	case "AlterForeignServerStmt":
		return "ALTER SERVER"
	case "AlterFunctionStmt":
		return "ALTER FUNCTION"
	case "AlterObjectDependsStmt":
		return "ALTER ... DEPENDS ON EXTENSION"
	case "AlterObjectSchemaStmt":
		return "ALTER ... SET SCHEMA"
	case "AlterOpFamilyStmt":
		return "ALTER OPERATOR FAMILY"
	case "AlterOperatorStmt":
		return "ALTER OPERATOR"
	case "AlterOwnerStmt":
		return "ALTER ... OWNER TO"
	case "AlterPolicyStmt":
		return "ALTER POLICY"
	case "AlterPublicationStmt":
		return "ALTER PUBLICATION"
	case "AlterSeqStmt":
		return "ALTER SEQUENCE"
	case "AlterStatsStmt":
		return "ALTER STATISTICS"
	case "AlterSubscriptionStmt":
		return "ALTER SUBSCRIPTION"
	case "AlterTSConfigurationStmt":
		return "ALTER TEXT SEARCH CONFIGURATION"
	case "AlterTSDictionaryStmt":
		return "ALTER TEXT SEARCH DICTIONARY"
	case "ReplicaIdentityStmt":
		return "ALTER TABLE"
	case "AlterUserMappingStmt":
		return "ALTER USER MAPPING"
	case "CommentStmt":
		return "COMMENT"
	case "DropSubscriptionStmt":
		return "DROP SUBSCRIPTION"
	case "DropUserMappingStmt":
		return "DROP USER MAPPING"
	case "ImportForeignSchemaStmt":
		return "IMPORT FOREIGN SCHEMA"
	case "RefreshMatViewStmt":
		return "REFRESH MATERIALIZED VIEW"
	case "SecLabelStmt":
		return "SECURITY LABEL"
	}
	return creationCommand(kind)
}

func creationCommand(kind protoreflect.Name) string {
	switch kind {
	case "CompositeTypeStmt", "CreateEnumStmt", "CreateRangeStmt":
		return "CREATE TYPE"
	case "CreateAmStmt":
		return "CREATE ACCESS METHOD"
	case "CreateCastStmt":
		return "CREATE CAST"
	case "CreateConversionStmt":
		return "CREATE CONVERSION"
	case "CreateDomainStmt":
		return "CREATE DOMAIN"
	case "CreateEventTrigStmt":
		return "CREATE EVENT TRIGGER"
	case "CreateExtensionStmt":
		return "CREATE EXTENSION"
	case "CreateFdwStmt":
		return "CREATE FOREIGN DATA WRAPPER"
	case "CreateForeignServerStmt":
		return "CREATE SERVER"
	case "CreateForeignTableStmt":
		return "CREATE FOREIGN TABLE"
	case "CreateFunctionStmt":
		return "CREATE FUNCTION"
	case "CreateOpClassStmt":
		return "CREATE OPERATOR CLASS"
	case "CreateOpFamilyStmt":
		return "CREATE OPERATOR FAMILY"
	case "CreatePLangStmt":
		return "CREATE LANGUAGE"
	case "CreatePolicyStmt":
		return "CREATE POLICY"
	case "CreatePublicationStmt":
		return "CREATE PUBLICATION"
	case "CreateSchemaStmt":
		return "CREATE SCHEMA"
	case "CreateSeqStmt":
		return "CREATE SEQUENCE"
	case "CreateStatsStmt":
		return "CREATE STATISTICS"
	case "CreateSubscriptionStmt":
		return "CREATE SUBSCRIPTION"
	case "CreateTransformStmt":
		return "CREATE TRANSFORM"
	case "CreateTrigStmt":
		return "CREATE TRIGGER"
	case "CreateUserMappingStmt":
		return "CREATE USER MAPPING"
	case "DefineStmt":
		return "CREATE"
	case "RuleStmt":
		return "CREATE RULE"
	case "ViewStmt":
		return "CREATE VIEW"
	}
	return ""
}
