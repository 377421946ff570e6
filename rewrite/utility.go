package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// transaction lets transaction control pass, but for two-phase commit.
func (w *walker) transaction(s *pg.TransactionStmt) error {
	w.said.Control, w.said.Name = controlOf(s.Kind), s.SavepointName
	switch s.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START,
		pg.TransactionStmtKind_TRANS_STMT_COMMIT, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK,
		pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT, pg.TransactionStmtKind_TRANS_STMT_RELEASE,
		pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		return w.transactionModes(s.Options)
	default:
		return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: two-phase commit is not allowed").
			hint("Use BEGIN and COMMIT; a transaction ends in the session that began it.")
	}
}

func (w *walker) transactionModes(options []*pg.Node) error {
	for _, n := range options {
		mode := n.GetDefElem()
		switch mode.GetDefname() {
		case "transaction_isolation", "transaction_read_only", "transaction_deferrable":
		default:
			return w.deny(StatementDenied, stateInsufficientPrivilege, "transaction mode %q is not allowed", mode.GetDefname())
		}
		if mode.GetArg().GetAConst() == nil {
			return w.refuseNode(n)
		}
		if mode.Defname == "transaction_read_only" && mode.Arg.GetAConst().GetIval().GetIval() == 0 && w.rewriter.settings.limits.ReadOnly {
			return w.deny(SettingDenied, stateInsufficientPrivilege, "permission denied to set transaction mode READ WRITE").
				hint("This service is read-only.")
		}
	}
	return nil
}
