package rewrite

import "github.com/wherewall/wherewall/catalog"

// Use is one reference of a statement to an entity and what it does there. A reference that needs two rights is two uses.
type Use struct {
	Entity   string
	Relation string // its name without the schema, as plans print it
	Action   catalog.Action
	At       int // in bytes from the start of the client's text; negative where it is not known, as behind the literals of a text that was answered by its shape
}
