package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// Control is what a Transaction statement does. The zero value is nothing that ends anything.
type Control int

// The statements of transaction control. Of the last three, Statement.Name is the savepoint.
const (
	NoControl Control = iota
	Begin
	Commit // and COMMIT AND CHAIN
	Rollback
	Savepoint
	Release
	RollbackTo
)

func controlOf(k pg.TransactionStmtKind) Control {
	switch k {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		return Begin
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT:
		return Commit
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		return Rollback
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		return Savepoint
	case pg.TransactionStmtKind_TRANS_STMT_RELEASE:
		return Release
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		return RollbackTo
	default:
		return NoControl
	}
}

// Keeps is a set of things that a session has beside its subject, and that outlive a transaction.
type Keeps uint8

// What a statement may leave in its session, or find there.
const (
	KeepsTables  Keeps = 1 << iota // temporary tables
	KeepsLocks                     // advisory locks of the session
	KeepsNumbers                   // it asks what a sequence has given to the session
	DrawsNumbers                   // it takes from a sequence
)

func keepsOfSequence(called string) Keeps {
	switch called {
	case "currval", "lastval":
		return KeepsNumbers
	default:
		return DrawsNumbers
	}
}

// keepsOfLock is what a function about advisory locks does to the session. Those of a transaction end with it.
func keepsOfLock(name string) Keeps {
	switch name {
	case "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared":
		return 0
	default:
		return KeepsLocks
	}
}
