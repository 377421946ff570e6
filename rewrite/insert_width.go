package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// uneven refuses a source that has not as many columns as are named, in PostgreSQL's words and at its place.
func (w *walker) uneven(src *source, width int) error {
	if width > len(src.names) {
		return w.tooMany(src, len(src.names))
	}
	d := w.deny(StatementDenied, stateSyntaxError, "INSERT has more target columns than expressions")
	d.location = src.names[width].GetResTarget().GetLocation()
	return d
}

// tooMany refuses a source with more columns than there are targets; it points at the first that has none.
func (w *walker) tooMany(src *source, targets int) error {
	d := w.deny(StatementDenied, stateSyntaxError, "INSERT has more expressions than target columns")
	var items []*pg.Node
	if len(src.query.ValuesLists) > 0 {
		items = src.query.ValuesLists[0].GetList().GetItems()
	} else {
		for _, n := range src.query.TargetList {
			items = append(items, n.GetResTarget().GetVal())
		}
	}
	if targets < len(items) {
		if at := leftmost(items[targets]); at >= 0 {
			d.location = at
		}
	}
	return d
}

// leftmost is the first place in the client's text that a node has; negative for none.
func leftmost(n *pg.Node) int32 {
	first := int32(sqltree.Unlocated)
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		if at := sqltree.LocationOf(m); at >= 0 && (first < 0 || at < first) {
			first = at
		}
		return sqltree.Children(m, look)
	}
	_ = look("", n)
	return first
}
