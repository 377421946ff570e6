package plan

import "github.com/wherewall/wherewall/catalog"

// Cell says what a subject sees of one column in one row. The zero value is closed.
type Cell int

// The ways in which a cell is shown.
const (
	CellClosed  Cell = iota // the column does not exist for the subject
	CellHidden              // the row does not
	CellRaw                 // its value
	CellMasked              // the value of a mask
	CellNull                // NULL in the place of its value
	CellNeedsDB             // only the database can tell
)

// String is the name of the way.
func (c Cell) String() string {
	switch c {
	case CellClosed:
		return "closed"
	case CellHidden:
		return "hidden"
	case CellRaw:
		return "raw"
	case CellMasked:
		return "masked"
	case CellNull:
		return "null"
	case CellNeedsDB:
		return "needs_db"
	default:
		return "closed"
	}
}

// CheckCell says what a subject sees of a column in the row of which a record tells, and what is missing where that is not known.
func CheckCell(p *Plan, entity, column string, record Record) (cell Cell, needs []string) {
	e := p.entity(entity)
	if e == nil || e.Relation.Column(column) == nil {
		return CellClosed, nil
	}
	r := p.Rule(entity, catalog.Read)
	shown, listed := r.Columns[column]
	if r.Kind == NoAccess || r.Columns != nil && !listed {
		return CellClosed, nil
	}
	v := p.evaluator(e, record)
	switch row := v.oldRow(r); {
	case row.truth&isTRUE == 0:
		return CellHidden, nil
	case row.truth != isTRUE:
		return CellNeedsDB, row.needs
	case r.Columns == nil:
		return CellRaw, nil
	}
	if shown.Raw != nil {
		switch raw := v.truth(shown.Raw); {
		case raw.truth == isTRUE:
			return CellRaw, nil
		case raw.truth&isTRUE != 0:
			return CellNeedsDB, raw.needs
		}
	}
	for _, m := range shown.Masks {
		switch when := v.truth(m.When); {
		case when.truth == isTRUE:
			return CellMasked, nil
		case when.truth&isTRUE != 0:
			return CellNeedsDB, when.needs
		}
	}
	return CellNull, nil
}
