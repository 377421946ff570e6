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
		}, "tenant_assignable")
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
	r.operation(d, e.Key)
	if e.Value.Kind != document.Null {
		r.fields(e.Value, "operation "+e.Key.Text, nil, "columns", "mask", "set")
	}
}

func (r *policyReader) operation(d *permissionDecl, n *document.Node) {
	if strings.HasPrefix(n.Text, "!") || strings.HasPrefix(n.Text, "-") {
		r.negative(n)
		return
	}
	if i := strings.IndexByte(n.Text, '('); i >= 0 {
		r.add(n.Inside(i), CodeNotSupported, "grant the operation on all columns", "not supported yet: an operation on some columns")
		return
	}
	entity, action, ok := strings.Cut(n.Text, ".")
	if !ok || !entityName.MatchString(entity) || !entityName.MatchString(action) {
		r.add(n.Place, CodeUnknownOperation, "write entity.action", "%q is not an operation", n.Text)
		return
	}
	if hint := mistakenAction(action); hint != "" {
		r.add(n.Inside(len(entity)+1), CodeUnknownOperation, hint, "%q is not an action", action)
		return
	}
	d.operations = append(d.operations, operationDecl{Operation{Entity: entity, Action: Action(action)}, n.Place})
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
