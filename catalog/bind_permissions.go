package catalog

import (
	"cmp"
	"slices"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

func (b *binder) bindPermission(d *permissionDecl) *Permission {
	p := &Permission{Name: d.name.Text}
	for _, o := range d.operations {
		operation := Operation{Entity: o.entity, Action: o.action}
		if e := b.entities[o.entity]; e != nil {
			b.bindColumns(&operation, o, e)
		} else if o.listed || len(o.mask) > 0 {
			operation.Columns = []string{} // The entity was reported. Whatever happens, this gives no column.
		}
		p.Operations = append(p.Operations, operation)
	}
	return p
}

func (b *binder) bindColumns(operation *Operation, o *operationDecl, e *boundEntity) {
	relation := e.entity.Relation
	masked := map[string]*document.Node{}
	for _, m := range o.mask {
		c := b.column(relation, m.column)
		if c == nil {
			continue
		}
		if operation.Mask == nil {
			operation.Mask = map[string]expr.Expr{}
		}
		operation.Mask[c.Name] = b.value(m.value, e, c, maskValue)
		masked[c.Name] = m.column
	}
	if o.listed {
		operation.Columns = []string{}
	}
	for _, n := range o.columns {
		c := b.column(relation, n)
		switch {
		case c == nil:
		case masked[c.Name] != nil:
			b.add(masked[c.Name].Place, CodeMaskConflict, "leave it out of the columns, or leave the mask out",
				"column %s is given as it is at %s", c.Name, n.Place)
		case slices.Contains(operation.Columns, c.Name):
			b.add(n.Place, CodeDuplicateKey, "", "column %s is listed twice", c.Name)
		default:
			operation.Columns = append(operation.Columns, c.Name)
		}
	}
	if len(o.mask) > 0 && !o.listed {
		operation.Columns = []string{}
		for i := range relation.Columns {
			if name := relation.Columns[i].Name; masked[name] == nil {
				operation.Columns = append(operation.Columns, name)
			}
		}
	}
	b.bindPresets(operation, o, e)
}

func (b *binder) bindPresets(operation *Operation, o *operationDecl, e *boundEntity) {
	for _, p := range o.set {
		c := b.column(e.entity.Relation, p.column)
		if c == nil {
			continue
		}
		if c.Generated {
			b.add(p.column.Place, CodeTypeMismatch, "", "column %s is generated, and nobody can set it", c.Name)
			continue
		}
		if operation.Set == nil {
			operation.Set = map[string]expr.Expr{}
		}
		operation.Set[c.Name] = b.value(p.value, e, c, presetValue)
	}
}

// maskOf is one mask of a column and where it was declared.
type maskOf struct {
	entity, column, text string
	width                int
	at                   document.Place
	permission           string
}

// maskConflicts reports columns with two masks of which neither is the more specific one: that of the operation which
// shows fewer columns.
func (b *binder) maskConflicts(s *Snapshot) {
	var masks []maskOf
	for _, d := range sortedDecls(b.policy.permissions) {
		for i, o := range d.operations {
			bound := s.Permissions[d.name.Text].Operations[i]
			for _, m := range o.mask {
				parts, _, ok := splitName(m.column.Text)
				if !ok || bound.Mask[parts[0]] == nil {
					continue
				}
				masks = append(masks, maskOf{o.entity, parts[0], expr.Text(bound.Mask[parts[0]]), bound.Width(), m.column.Place, d.name.Text})
			}
		}
	}
	slices.SortStableFunc(masks, func(x, y maskOf) int {
		return cmp.Or(cmp.Compare(x.entity, y.entity), cmp.Compare(x.column, y.column), cmp.Compare(x.width, y.width))
	})
	for i := 1; i < len(masks); i++ {
		x, y := masks[i-1], masks[i]
		if x.entity == y.entity && x.column == y.column && x.width == y.width && x.text != y.text {
			b.add(y.at, CodeMaskConflict, "give both the same mask, or one of them fewer columns",
				"%s masks %s.%s in another way than %s does at %s", y.permission, y.entity, y.column, x.permission, x.at)
		}
	}
}

// Width says how many columns an operation shows, masked ones included. Of two masks for one column, that of the
// narrower operation is the more specific one. 0 stands for all columns, and such an operation has no mask.
func (o Operation) Width() int { return len(o.Columns) + len(o.Mask) }
