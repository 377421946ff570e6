package rewrite

import "google.golang.org/protobuf/reflect/protoreflect"

// class says what may become of a kind of syntax node. The zero value is a kind that this code has not heard of: it is
// refused, and a test that enumerates the parser's kinds fails until somebody has decided.
type class int

const (
	unheardOf class = iota
	passes          // the generic walk may go through it
	handled         // only the function that owns it lets it pass
	refused         // by decision
)

// classify is the allow-list of syntax.
func classify(kind protoreflect.Name) class {
	switch kind {
	// Expressions and the furniture of queries.
	case "Node", "List", "String", "Integer", "Float", "Boolean", "BitString", "A_Star", "ParamRef", "A_Expr",
		"BoolExpr", "NullTest", "BooleanTest", "SubLink", "TypeCast", "CaseExpr", "CaseWhen", "CoalesceExpr",
		"MinMaxExpr", "A_ArrayExpr", "A_Indirection", "A_Indices", "RowExpr", "CollateClause", "GroupingFunc",
		"GroupingSet", "SQLValueFunction", "SetToDefault", "ResTarget", "MultiAssignRef", "SortBy", "WindowDef",
		"RangeFunction", "Alias", "ColumnDef", "NamedArgExpr", "InferClause", "IndexElem", "CTESearchClause",
		"CTECycleClause", "MergeSupportFunc":
		return passes
	// Constructors of JSON and XML, and what they are made of.
	case "JsonAggConstructor", "JsonArgument", "JsonArrayAgg", "JsonArrayConstructor",
		"JsonArrayQueryConstructor", "JsonBehavior", "JsonFormat", "JsonFuncExpr", "JsonIsPredicate",
		"JsonKeyValue", "JsonObjectAgg", "JsonObjectConstructor", "JsonOutput", "JsonParseExpr", "JsonReturning",
		"JsonScalarExpr", "JsonSerializeExpr", "JsonTable", "JsonTableColumn", "JsonTablePathSpec",
		"JsonValueExpr", "RangeTableFunc", "RangeTableFuncCol", "XmlExpr", "XmlSerialize":
		return passes
	// Names, query levels, relations and the statements themselves.
	case "A_Const", "ColumnRef", "FuncCall", "TypeName", "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt",
		"MergeStmt", "MergeWhenClause", "CopyStmt", "RangeVar", "JoinExpr", "RangeSubselect", "RangeTableSample", "WithClause", "CommonTableExpr",
		"LockingClause", "OnConflictClause", "TransactionStmt", "VariableSetStmt", "VariableShowStmt", "DefElem",
		"RawStmt":
		return handled
	// Definitions of temporary tables.
	case "CreateStmt", "CreateTableAsStmt", "IndexStmt", "DropStmt", "TruncateStmt", "VacuumStmt", "VacuumRelation", "Constraint", "IntoClause",
		"AlterTableStmt", "AlterTableCmd", "RenameStmt", "TableLikeClause":
		return handled
	// What is said of plans, prepared statements, cursors and the session itself.
	case "ExplainStmt", "DeclareCursorStmt", "FetchStmt", "ClosePortalStmt", "PrepareStmt", "ExecuteStmt", "DeallocateStmt",
		"DiscardStmt", "UnlistenStmt", "ListenStmt", "NotifyStmt", "LockStmt":
		return handled
	// Definitions, administration and code.
	case "AlterCollationStmt", "AlterDatabaseRefreshCollStmt", "AlterDatabaseSetStmt", "AlterDatabaseStmt",
		"AlterDefaultPrivilegesStmt", "AlterDomainStmt", "AlterEnumStmt", "AlterEventTrigStmt",
		"AlterExtensionContentsStmt", "AlterExtensionStmt", "AlterFdwStmt", "AlterForeignServerStmt",
		"AlterFunctionStmt", "AlterObjectDependsStmt", "AlterObjectSchemaStmt", "AlterOpFamilyStmt",
		"AlterOperatorStmt", "AlterOwnerStmt", "AlterPolicyStmt", "AlterPublicationStmt", "AlterRoleSetStmt",
		"AlterRoleStmt", "AlterSeqStmt", "AlterStatsStmt", "AlterSubscriptionStmt", "AlterSystemStmt",
		"AlterTSConfigurationStmt", "AlterTSDictionaryStmt", "AlterTableMoveAllStmt", "AlterTableSpaceOptionsStmt",
		"AlterTypeStmt", "AlterUserMappingStmt", "CallStmt", "CheckPointStmt", "ClusterStmt",
		"CommentStmt", "CompositeTypeStmt", "ConstraintsSetStmt", "CreateAmStmt", "CreateCastStmt",
		"CreateConversionStmt", "CreateDomainStmt", "CreateEnumStmt", "CreateEventTrigStmt", "CreateExtensionStmt",
		"CreateFdwStmt", "CreateForeignServerStmt", "CreateForeignTableStmt", "CreateFunctionStmt",
		"CreateOpClassStmt", "CreateOpFamilyStmt", "CreatePLangStmt", "CreatePolicyStmt", "CreatePublicationStmt",
		"CreateRangeStmt", "CreateRoleStmt", "CreateSchemaStmt", "CreateSeqStmt", "CreateStatsStmt",
		"CreateSubscriptionStmt", "CreateTableSpaceStmt", "CreateTransformStmt",
		"CreateTrigStmt", "CreateUserMappingStmt", "CreatedbStmt", "DefineStmt", "DoStmt", "DropOwnedStmt",
		"DropRoleStmt", "DropSubscriptionStmt", "DropTableSpaceStmt", "DropUserMappingStmt", "DropdbStmt",
		"GrantRoleStmt", "GrantStmt", "ImportForeignSchemaStmt", "LoadStmt", "PLAssignStmt",
		"ReassignOwnedStmt", "RefreshMatViewStmt", "ReindexStmt", "ReplicaIdentityStmt", "ReturnStmt",
		"RuleStmt", "SecLabelStmt", "SetOperationStmt", "ViewStmt":
		return refused
	// What belongs to refused statements, and what only the planner makes.
	case "AccessPriv", "Aggref", "AlternativeSubPlan", "ArrayCoerceExpr", "ArrayExpr", "CallContext",
		"CaseTestExpr", "CoerceToDomain", "CoerceToDomainValue", "CoerceViaIO", "CollateExpr",
		"ConvertRowtypeExpr", "CreateOpClassItem", "CurrentOfExpr", "DistinctExpr", "FieldSelect", "FieldStore",
		"FromExpr", "FuncExpr", "FunctionParameter", "InferenceElem", "InlineCodeBlock", "IntList",
		"JsonConstructorExpr", "JsonExpr", "JsonTablePath", "JsonTablePathScan", "JsonTableSiblingJoin", "MergeAction",
		"NextValueExpr", "NullIfExpr", "ObjectWithArgs", "OidList", "OnConflictExpr", "OpExpr", "Param", "ParseResult",
		"PartitionBoundSpec", "PartitionCmd", "PartitionElem", "PartitionRangeDatum", "PartitionSpec",
		"PublicationObjSpec", "PublicationTable", "Query", "RTEPermissionInfo", "RangeTblEntry", "RangeTblFunction",
		"RangeTblRef", "RelabelType", "RoleSpec", "RowCompareExpr", "RowMarkClause", "ScalarArrayOpExpr", "ScanResult",
		"ScanToken", "SinglePartitionSpec", "SortGroupClause", "StatsElem", "SubPlan", "SubscriptingRef", "SummaryResult",
		"TableFunc", "TableSampleClause", "TargetEntry", "TriggerTransition", "Var",
		"WindowClause", "WindowFunc", "WindowFuncRunCondition", "WithCheckOption":
		return refused
	default:
		return unheardOf
	}
}
