package rewrite

import "github.com/wherewall/wherewall/catalog"

// Use is one reference of a statement to an entity and what it does there. A reference that needs two rights is two uses.
type Use struct {
	Entity   string
	Action   catalog.Action
	Position int // in characters from 1 within the client's text; 0 for none
}

// used are the statement's uses with their positions as the client counts them.
func (w *walker) used(client string) []Use {
	for i := range w.uses {
		w.uses[i].Position = characters(client, int32(w.uses[i].Position)) //nolint:gosec // it was a location of 32 bits
	}
	return w.uses
}
