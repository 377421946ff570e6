package catalog

import (
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) permission(name, value *document.Node) {
	d := &permissionDecl{name: name}
	what := "permission " + name.Text
	if value.Kind == document.Map {
		r.fields(value, what, map[string]func(*document.Node){
			"ops":         func(n *document.Node) { r.operations(d, n, what+": ops") },
			"description": r.comment(what + ": description"),

			"tenant_assignable": r.truth(&d.assignable, what+": tenant_assignable"),
		})
	} else {
		r.operations(d, value, what)
	}
	var before *document.Node
	if p := r.policy.permissions[name.Text]; p != nil {
		before = p.name
	}
	if r.named(name, "a permission", plainName) && r.first(name, "permission", before) {
		r.policy.permissions[name.Text] = d
	}
}

func (r *policyReader) operations(d *permissionDecl, n *document.Node, what string) {
	if !r.is(n, document.List, what) {
		return
	}
	for _, item := range n.Items {
		switch {
		case item.Kind == document.Map && len(item.Entries) == 1:
			r.longOperation(d, item.Entries[0])
		case item.Kind == document.Scalar:
			r.operation(d, item)
		default:
			r.add(item.Place, CodeUnknownOperation, "write entity.action", "an operation is text, or a map with one key")
		}
	}
}

// longOperation is {entity.action: {...}}, whose keys all narrow or shape what is granted.
func (r *policyReader) longOperation(d *permissionDecl, e document.Entry) {
	o := r.operation(d, e.Key)
	if o == nil {
		o = &operationDecl{} // Its keys are read all the same, so that one run finds everything.
	}
	if e.Value.Kind == document.Null {
		return
	}
	what := "operation " + e.Key.Text
	r.fields(e.Value, what, map[string]func(*document.Node){
		"columns": func(n *document.Node) {
			if o.listed {
				r.add(n.Place, CodeDuplicateKey, "", "%s has its columns twice", what)
			}
			o.columns, o.listed = r.words(n, what+": columns"), true
		},
		"mask": func(n *document.Node) { o.mask = r.values(n, what+": mask") },
		"set":  func(n *document.Node) { o.set = r.values(n, what+": set") },
	})
	r.shape(o, e)
}

// shape checks that the keys of an operation mean something for its action.
func (r *policyReader) shape(o *operationDecl, e document.Entry) {
	misplaced := func(key, hint string) {
		for _, k := range e.Value.Entries {
			if k.Key.Text == key {
				r.add(k.Key.Place, CodeUnknownKey, hint, "%s means nothing for %s", key, o.action)
			}
		}
	}
	if o.action != Read {
		misplaced("mask", "masks are for read")
	}
	if o.action != Create && o.action != Update {
		misplaced("set", "presets are for create and update")
	}
	if o.action != Read && o.action != Create && o.action != Update {
		misplaced("columns", "columns are for read, create and update")
	}
}

// values reads expressions by column.
func (r *policyReader) values(n *document.Node, what string) []valueDecl {
	var values []valueDecl
	r.entries(n, what, func(column, value *document.Node) {
		values = append(values, valueDecl{column, r.condition(value, what+"."+column.Text)})
	})
	return values
}

// operation reads entity.action or entity.action(column, ...), and returns nil where it is neither.
func (r *policyReader) operation(d *permissionDecl, n *document.Node) *operationDecl {
	if strings.HasPrefix(n.Text, "!") || strings.HasPrefix(n.Text, "-") {
		r.negative(n)
		return nil
	}
	name, list, listed := strings.Cut(n.Text, "(")
	entity, action, ok := strings.Cut(name, ".")
	if !ok || !entityName.MatchString(entity) || !entityName.MatchString(action) {
		r.add(n.Place, CodeUnknownOperation, "write entity.action", "%q is not an operation", n.Text)
		return nil
	}
	if hint := mistakenAction(action); hint != "" {
		r.add(n.Inside(len(entity)+1), CodeUnknownOperation, hint, "%q is not an action", action)
		return nil
	}
	o := &operationDecl{entity: entity, action: Action(action), at: n.Place}
	if listed && !r.columnList(o, n, len(name)+1, list) {
		return nil
	}
	d.operations = append(d.operations, o)
	return o
}

// columnList reads the columns in parentheses, which begin at a byte of the operation.
func (r *policyReader) columnList(o *operationDecl, n *document.Node, start int, list string) bool {
	inner, closed := strings.CutSuffix(strings.TrimRight(list, " "), ")")
	if !closed {
		r.add(n.Inside(len(n.Text)), CodeUnknownOperation, "write entity.action(column, ...)", "the list of columns is not closed")
		return false
	}
	if o.action != Read && o.action != Create && o.action != Update {
		r.add(n.Inside(start-1), CodeUnknownOperation, "columns are for read, create and update", "%s is of whole rows", o.action)
		return false
	}
	o.listed = true
	for _, part := range strings.SplitAfter(inner, ",") {
		name := strings.TrimSpace(strings.TrimSuffix(part, ","))
		at := n.Inside(start + len(part) - len(strings.TrimLeft(part, " ")))
		start += len(part)
		if name == "" {
			r.add(at, CodeUnknownColumn, "", "a column is missing in the list")
			return false
		}
		o.columns = append(o.columns, &document.Node{Kind: document.Scalar, Text: name, Place: at})
	}
	return true
}

// mistakenAction tells a slip from an action of the application's own: `invoice.export` is fine, `invoice.raed` or
// `invoice.select` would grant nothing that a statement does.
func mistakenAction(action string) string {
	switch strings.ToLower(action) {
	case "read", "create", "update", "delete":
		if action != strings.ToLower(action) {
			return "actions are written in lower case"
		}
		return ""
	case "select", "get", "list":
		return `did you mean "read"?`
	case "insert", "add":
		return `did you mean "create"?`
	case "write", "edit":
		return "the actions on rows are read, create, update and delete"
	}
	for _, known := range []Action{Read, Create, Update, Delete} {
		if distance(action, string(known)) == 1 {
			return didYouMean(action, []string{string(known)})
		}
	}
	return ""
}
