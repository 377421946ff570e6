package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// uses are the columns that the policy's own expressions look at, by relation. Whoever evaluates them must be able to read these.
type uses map[catalog.RelationName]map[string]bool

func (u uses) add(r catalog.RelationName, column string) {
	if u[r] == nil {
		u[r] = map[string]bool{}
	}
	u[r][column] = true
}

// note finds the columns in a printed expression over a relation's row.
func (u uses) note(r *catalog.Relation, n *pg.Node) {
	known := map[string]catalog.RelationName{rowMark: r.RelationName}
	var look func(protoreflect.Name, proto.Message) error
	var refs []*pg.ColumnRef
	look = func(_ protoreflect.Name, m proto.Message) error {
		switch n := m.(type) {
		case *pg.RangeVar:
			name := n.GetAlias().GetAliasname()
			if name == "" {
				name = n.Relname
			}
			known[name] = catalog.RelationName{Schema: n.Schemaname, Name: n.Relname}
		case *pg.ColumnRef:
			refs = append(refs, n)
		}
		return sqltree.Children(m, look)
	}
	_ = look("", n)
	for _, ref := range refs {
		if len(ref.Fields) != 2 {
			continue
		}
		if relation, ok := known[ref.Fields[0].GetString_().GetSval()]; ok {
			u.add(relation, ref.Fields[1].GetString_().GetSval())
		}
	}
}

// rights are the columns of a relation by the verbs that some role has on it. A nil list is all columns, an absent verb is none.
type rights map[string][]string

// rights finds what all roles together may do with a relation: what none of them has need not be granted.
func (x *exporter) rights(r *catalog.Relation, e *catalog.Entity) (rights, error) {
	found := rights{}
	for _, a := range []struct {
		action catalog.Action
		verb   string
		side   rowSide
	}{{catalog.Read, "SELECT", oldRow}, {catalog.Create, "INSERT", newRow}, {catalog.Update, "UPDATE", oldRow}, {catalog.Delete, "DELETE", oldRow}} {
		given, some, err := x.columnsGiven(r, e, a.action, a.side)
		if err != nil {
			return nil, err
		}
		if some {
			found[a.verb] = columnsOr(r, given)
		}
	}
	if len(found) > 0 {
		for _, k := range e.Key {
			x.uses.add(r.RelationName, k)
		}
	}
	return found, nil
}

// columnsGiven is the union of the columns that operations name. Masks and presets are noted as uses.
func (x *exporter) columnsGiven(r *catalog.Relation, e *catalog.Entity, action catalog.Action, side rowSide) (given map[string]bool, some bool, err error) {
	given = map[string]bool{}
	err = x.eachOperation(e, action, side, func(o *catalog.Operation, _ []expr.Expr) error {
		some = true
		for _, value := range inPlaceOf(o) {
			n, err := x.rewriter.value(value, aliased(rowMark))
			if err != nil {
				return err
			}
			x.uses.note(r, n)
		}
		for _, c := range r.Columns {
			_, masked := o.Mask[c.Name]
			_, set := o.Set[c.Name]
			if set || !masked && (o.Columns == nil || slices.Contains(o.Columns, c.Name)) {
				given[c.Name] = true
			}
		}
		return nil
	})
	return given, some, err
}

// columnsChecked are the columns that checks of new rows look at. The rewriter gives those that a statement leaves out their defaults, and so
// names them in the statement, whoever may set them.
func (x *exporter) columnsChecked(e *catalog.Entity) map[string]bool {
	looked := map[string]bool{}
	_ = x.eachOperation(e, catalog.Create, newRow, func(_ *catalog.Operation, rows []expr.Expr) error {
		for _, condition := range rows {
			columnsOf(condition, looked)
		}
		return nil
	})
	return looked
}

// eachOperation visits what roles are given on an entity, with the conditions on the rows.
func (x *exporter) eachOperation(e *catalog.Entity, action catalog.Action, side rowSide, visit func(*catalog.Operation, []expr.Expr) error) error {
	for _, role := range x.roles {
		for i := range role.Grants {
			for _, o := range x.operations(&role.Grants[i], e, action) {
				rows, ok := x.rows(role, &role.Grants[i], o, e, side)
				if !ok {
					continue
				}
				if err := visit(o, rows); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// columnsOr are the columns in a relation's order; nil where they are all.
func columnsOr(r *catalog.Relation, given map[string]bool) []string {
	list := []string{}
	for _, c := range r.Columns {
		if given[c.Name] {
			list = append(list, c.Name)
		}
	}
	if len(list) == len(r.Columns) {
		return nil
	}
	return list
}

// readable adds the columns that the policy's expressions look at.
func (x *exporter) readable(r *catalog.Relation, given []string, some bool) []string {
	if some && given == nil {
		return nil
	}
	all := maps.Clone(x.uses[r.RelationName])
	if all == nil {
		all = map[string]bool{}
	}
	for _, c := range given {
		all[c] = true
	}
	return columnsOr(r, all)
}

// columnRights closes to the service login the columns that no role is given, and says where columns depend on the role: native
// policies know rows alone.
func (x *exporter) columnRights(login string) (string, error) {
	var b strings.Builder
	all := map[catalog.RelationName]rights{}
	for _, r := range x.mapped() {
		found, err := x.rights(r, x.snapshot.EntityOf(r.RelationName))
		if err != nil {
			return "", fmt.Errorf("exporting the columns of %s.%s: %w", r.Schema, r.Name, err)
		}
		all[r.RelationName] = found
	}
	for _, r := range x.mapped() {
		e := x.snapshot.EntityOf(r.RelationName)
		if told := x.beyondRows(e); len(told) > 0 {
			b.WriteString(commented(append([]string{e.Name + " (" + r.Schema + "." + r.Name + "): only the proxy does this:"}, told...)))
		}
		given, some := all[r.RelationName]["SELECT"]
		list := x.readable(r, given, some)
		if !some || list == nil {
			continue
		}
		name, err := relationText(r.Schema, r.Name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "REVOKE SELECT ON %s FROM %s;\nGRANT SELECT (%s) ON %s TO %s;\n", name, identifier(login), identifiers(list), name, identifier(login))
	}
	if b.Len() == 0 {
		return "", nil
	}
	return "\n-- Columns. The service login gets those that some role is given or that the policy itself reads.\n" + b.String(), nil
}

// beyondRows says what of an entity's permissions is not about whole rows.
func (x *exporter) beyondRows(e *catalog.Entity) []string {
	var told []string
	for _, name := range sortedNames(x.snapshot.Permissions) {
		for _, o := range x.snapshot.Permissions[name].Operations {
			if o.Entity != e.Name {
				continue
			}
			if o.Columns != nil {
				told = append(told, fmt.Sprintf("  %s: %s of (%s) alone", name, o.Action, strings.Join(o.Columns, ", ")))
			}
			if len(o.Mask) > 0 {
				told = append(told, fmt.Sprintf("  %s: masks of %s", name, strings.Join(sortedNames(o.Mask), ", ")))
			}
			if len(o.Set) > 0 {
				told = append(told, fmt.Sprintf("  %s: values for %s that a statement leaves out", name, strings.Join(sortedNames(o.Set), ", ")))
			}
		}
	}
	return told
}

func identifiers(list []string) string {
	all := make([]string, len(list))
	for i, name := range list {
		all[i] = identifier(name)
	}
	return strings.Join(all, ", ")
}
