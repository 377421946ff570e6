package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// transaction lets transaction control pass, but for two-phase commit.
func (w *walker) transaction(s *pg.TransactionStmt) error {
	switch s.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START,
		pg.TransactionStmtKind_TRANS_STMT_COMMIT, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK,
		pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT, pg.TransactionStmtKind_TRANS_STMT_RELEASE,
		pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		return w.transactionModes(s.Options)
	default:
		return w.deny(StatementDenied, stateInsufficientPrivilege, "two-phase commit is not allowed")
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
			return w.refuseNode(n.ProtoReflect())
		}
	}
	return nil
}

// set lets harmless settings be changed.
func (w *walker) set(s *pg.VariableSetStmt) error {
	switch s.Kind {
	case pg.VariableSetKind_VAR_SET_MULTI:
		if s.Name != "TRANSACTION" && s.Name != "SESSION CHARACTERISTICS" {
			return w.settingDenied(s.Name)
		}
		return w.transactionModes(s.Args)
	case pg.VariableSetKind_VAR_RESET_ALL:
		return nil // goes back to the startup packet's values, which are ours
	case pg.VariableSetKind_VAR_RESET, pg.VariableSetKind_VAR_SET_DEFAULT:
		return w.setting(s.Name, nil)
	case pg.VariableSetKind_VAR_SET_VALUE:
		values, err := w.settingValues(s)
		if err != nil {
			return err
		}
		if strings.EqualFold(s.Name, "search_path") {
			return w.setPath(s, values)
		}
		return w.setting(s.Name, values)
	default:
		return w.settingDenied(s.Name)
	}
}

// settingValues reads the values of a SET as texts. SET TIME ZONE INTERVAL '...' is the one form whose value is a cast.
func (w *walker) settingValues(s *pg.VariableSetStmt) ([]string, error) {
	values := make([]string, len(s.Args))
	for i, n := range s.Args {
		c := n.GetAConst()
		if t := n.GetTypeCast(); t != nil && strings.EqualFold(s.Name, "timezone") && isNames(t.TypeName.GetNames(), "pg_catalog") &&
			t.TypeName.Names[1].GetString_().GetSval() == "interval" {
			c = t.Arg.GetAConst()
		}
		switch v := c.GetVal().(type) {
		case *pg.A_Const_Sval:
			values[i] = v.Sval.Sval
		case *pg.A_Const_Ival:
			values[i] = itoa(v.Ival.Ival)
		case *pg.A_Const_Fval:
			values[i] = v.Fval.Fval
		default:
			return nil, w.refuseNode(n.ProtoReflect())
		}
		if strings.HasPrefix(values[i], slotPrefix) {
			return nil, w.settingDenied(s.Name)
		}
	}
	return values, nil
}

// setPath lets a client repeat what the search path is pinned to. What is sent is the pin, in which temporary tables come last.
func (w *walker) setPath(s *pg.VariableSetStmt, values []string) error {
	path := w.rewriter.snapshot.Schema.SearchPath
	if searchPath(path).accepts(values) != nil {
		return w.settingDenied(s.Name)
	}
	s.Args = nil
	for _, schema := range append(slices.Clone(path), "pg_temp") {
		s.Args = append(s.Args, literal(schema))
	}
	return nil
}

func (w *walker) settingDenied(name string) error {
	return w.deny(SettingDenied, stateInsufficientPrivilege, "permission denied to set parameter %q", name).
		hint("The proxy pins this setting or does not know it.")
}

func (w *walker) show(s *pg.VariableShowStmt) error {
	if w.showable(s.Name) {
		return nil
	}
	return w.deny(SettingDenied, stateInsufficientPrivilege, "permission denied to examine %q", s.Name)
}
