package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// refuseStatement names a statement that may not be said as its user would, and says what to do instead.
func (w *walker) refuseStatement(n *pg.Node) error {
	var kind protoreflect.Name
	_ = sqltree.Children(n, func(_ protoreflect.Name, said proto.Message) error {
		kind = sqltree.KindOf(said)
		return nil
	})
	command, instead := refusedCommand(kind)
	if command == "" {
		command, instead = "this statement", insteadOfOther
	}
	return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: %s is not allowed", command).hint("%s", instead)
}

// What to do instead of a statement that is refused.
const (
	insteadOfDefinition     = "Definitions change through a login of the database itself, not through the proxy."
	insteadOfAdministration = "The database is administered through a login of its own, not through the proxy."
	insteadOfGrant          = "Rights are given in the policy: ask whoever keeps it."
	insteadOfTable          = "Read with SELECT or a WITH query; tables are made through a login of the database itself."
	insteadOfCode           = "Say it as statements of their own: SELECT, INSERT, UPDATE, DELETE."
	insteadOfLock           = "Lock the rows that are meant, with SELECT ... FOR UPDATE; a table may be locked IN ACCESS SHARE MODE only."
	insteadOfTruncate       = "Use DELETE, which takes the rows that are yours."
	insteadOfConstraints    = "Constraints are checked as they are declared."
	insteadOfOther          = "Reading and writing rows, transactions, cursors, prepared statements and harmless settings are what may be said through the proxy."
)

// refusedCommand is the command of a kind of statement that is refused by decision, and what to do instead; empty for any other kind. The kinds
// are those of the parser.
func refusedCommand(kind protoreflect.Name) (command, instead string) {
	if command := definitionCommand(kind); command != "" {
		return command, insteadOfDefinition
	}
	if command := administrationCommand(kind); command != "" {
		return command, insteadOfAdministration
	}
	switch kind {
	case "GrantStmt":
		return "GRANT or REVOKE", insteadOfGrant
	case "GrantRoleStmt":
		return "GRANT or REVOKE of a role", insteadOfGrant
	case "AlterDefaultPrivilegesStmt":
		return "ALTER DEFAULT PRIVILEGES", insteadOfGrant
	case "DoStmt":
		return "DO", insteadOfCode
	case "CallStmt":
		return "CALL", insteadOfCode
	case "ConstraintsSetStmt":
		return "SET CONSTRAINTS", insteadOfConstraints
	case "PLAssignStmt", "ReturnStmt", "SetOperationStmt": // parts of functions, and of the parser's own
		return "this statement", insteadOfOther
	}
	return "", ""
}

// administrationCommand is a command that concerns the whole server, the roles or the files of a database.
func administrationCommand(kind protoreflect.Name) string {
	switch kind {
	case "AlterDatabaseRefreshCollStmt", "AlterDatabaseSetStmt", "AlterDatabaseStmt":
		return "ALTER DATABASE"
	case "AlterRoleSetStmt", "AlterRoleStmt":
		return "ALTER ROLE"
	case "AlterSystemStmt":
		return "ALTER SYSTEM"
	case "AlterTableMoveAllStmt":
		return "ALTER TABLE ALL IN TABLESPACE"
	case "AlterTableSpaceOptionsStmt":
		return "ALTER TABLESPACE"
	case "CheckPointStmt":
		return "CHECKPOINT"
	case "ClusterStmt":
		return "CLUSTER"
	case "CreateRoleStmt":
		return "CREATE ROLE"
	case "CreateTableSpaceStmt":
		return "CREATE TABLESPACE"
	case "CreatedbStmt":
		return "CREATE DATABASE"
	case "DropOwnedStmt":
		return "DROP OWNED"
	case "DropRoleStmt":
		return "DROP ROLE"
	case "DropTableSpaceStmt":
		return "DROP TABLESPACE"
	case "DropdbStmt":
		return "DROP DATABASE"
	case "LoadStmt":
		return "LOAD"
	case "ReassignOwnedStmt":
		return "REASSIGN OWNED"
	case "ReindexStmt":
		return "REINDEX"
	}
	return ""
}
