package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// discard lets a session, or the pooler that it belongs to, forget what it has gathered. The server connection is the session's own, and its
// settings go back to those of the startup packet, which are ours.
func (w *walker) discard(s *pg.DiscardStmt) (Kind, error) {
	switch s.Target {
	case pg.DiscardMode_DISCARD_ALL:
		return DiscardAll, nil
	case pg.DiscardMode_DISCARD_PLANS, pg.DiscardMode_DISCARD_SEQUENCES, pg.DiscardMode_DISCARD_TEMP:
		return Discard, nil
	default:
		return Unknown, w.refuseNode(s.ProtoReflect())
	}
}
