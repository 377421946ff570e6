package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// discard lets a session, or the pooler that it belongs to, forget what it has gathered. The server connection is the session's own, and its
// settings go back to those of the startup packet, which are ours.
func (w *walker) discard(s *pg.DiscardStmt) (Kind, error) {
	switch s.Target {
	case pg.DiscardMode_DISCARD_ALL:
		return DiscardAll, nil
	case pg.DiscardMode_DISCARD_PLANS, pg.DiscardMode_DISCARD_SEQUENCES, pg.DiscardMode_DISCARD_TEMP:
		return Discard, nil
	default:
		return Unknown, w.refuseNode(s)
	}
}

// unlockAll lets go of the advisory locks of the session. Pools call it before they give a connection to somebody else; of the functions about
// locks it is the only one that can reach nobody.
const unlockAll = "pg_advisory_unlock_all"

// isUnlockAll recognises a qualified call of it, and nothing that looks like one.
func isUnlockAll(n *pg.FuncCall) bool { return sqltree.Equal(call(unlockAll).GetFuncCall(), n) }

// qualified is a call with the schema before its name, if it has none.
func qualified(n *pg.FuncCall) *pg.FuncCall {
	if len(n.Funcname) != 1 || n.Funcname[0].GetString_().GetSval() != unlockAll {
		return n
	}
	q := proto.Clone(n).(*pg.FuncCall)
	q.Funcname = names(pgCatalog, unlockAll)
	return q
}
