package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// The options of DECLARE, as the parser has them.
const (
	cursorBinary = 1 << iota
	cursorScroll
	cursorNoScroll
	cursorInsensitive
	cursorAsensitive
	cursorHold
	_
	_
	cursorFastPlan // the parser sets it always
)

// declare guards the query of a cursor. A cursor WITH HOLD outlives its transaction, on the server connection of this session alone.
func (w *walker) declare(s *pg.DeclareCursorStmt) error {
	const known = cursorBinary | cursorScroll | cursorNoScroll | cursorInsensitive | cursorAsensitive | cursorHold | cursorFastPlan
	if s.Options&^known != 0 {
		return w.refuseNode(s)
	}
	if s.Options&cursorInsensitive != 0 && s.Options&cursorAsensitive != 0 {
		return w.deny(StatementDenied, stateInvalidCursor, "cannot specify both INSENSITIVE and ASENSITIVE")
	}
	s.Options &^= cursorAsensitive // It says what holds anyway, and is not printed.
	body, err := w.body(s.Query)
	if err != nil {
		return err
	}
	if body.Kind != Select {
		return w.refuseStatement(s.Query)
	}
	w.said = Statement{Name: s.Portalname, Body: body, Hold: s.Options&cursorHold != 0}
	return nil
}

// fetch reads from a cursor, or moves in it.
func (w *walker) fetch(s *pg.FetchStmt) (Kind, error) {
	w.said = Statement{Name: s.Portalname}
	if s.Ismove {
		return Move, nil
	}
	return Fetch, nil
}

// closeCursor closes one cursor, or all.
func (w *walker) closeCursor(s *pg.ClosePortalStmt) error {
	w.said = Statement{Name: s.Portalname}
	return nil
}
