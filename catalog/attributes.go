package catalog

import (
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// inferAttribute types an attribute that nobody declared by a value that a user has of it.
func (r *policyReader) inferAttribute(e document.Entry) {
	d := r.policy.attributes[e.Key.Text]
	if d != nil && d.declared || e.Value.Kind == document.Null {
		return
	}
	if d == nil && !r.attributeName(e.Key) {
		return
	}
	typ, ok := valueType(e.Value, true)
	if !ok {
		r.add(e.Value.Place, CodeWrongShape, "declare the attribute in `attributes:`", "the type of %s cannot be told by this value", e.Key.Text)
		return
	}
	if d == nil {
		r.policy.attributes[e.Key.Text] = &attributeDecl{name: e.Key, typ: typ}
		return
	}
	switch element, other := scalarOf(d.typ), scalarOf(typ); {
	case d.typ.Array != typ.Array || family(element) != family(other):
		r.add(e.Value.Place, CodeTypeMismatch, "declare the attribute in `attributes:`",
			"%s is %s here and %s at %s", e.Key.Text, typeLabel(typ), typeLabel(d.typ), d.name.Place)
	default:
		d.typ = arrayIf(wider(element, other), d.typ.Array)
	}
}

func (r *policyReader) attributeName(n *document.Node) bool {
	for _, b := range builtinAttributes {
		if n.Text == b {
			r.add(n.Place, CodeReservedName, "", "me.%s is built in", n.Text)
			return false
		}
	}
	if n.Text == "tenants" {
		r.add(n.Place, CodeReservedName, "", "an attribute may not be called %q: the name is that of the tenants in reach", n.Text)
		return false
	}
	return r.named(n, "an attribute", identifier)
}

func scalarOf(t expr.Type) expr.Type { return expr.Type{Schema: t.Schema, Name: t.Name} }
func arrayIf(t expr.Type, array bool) expr.Type {
	return expr.Type{Schema: t.Schema, Name: t.Name, Array: array}
}

// valueType types a scalar or, where lists may stand, a list by its items; an empty list is taken for texts.
func valueType(n *document.Node, lists bool) (expr.Type, bool) {
	switch {
	case n.Kind == document.List && lists:
		element := typeText
		for i, item := range n.Items {
			t, ok := valueType(item, false)
			if !ok || i > 0 && family(t) != family(element) {
				return expr.Type{}, false
			}
			if i == 0 {
				element = t
			}
			element = wider(element, t)
		}
		return arrayIf(element, true), true
	case n.Kind != document.Scalar:
		return expr.Type{}, false
	case n.Type == document.Bool:
		return typeBool, true
	case n.Type == document.Text:
		return typeText, true
	case fitsInt(n.Text, 32):
		return typeInt4, true
	case fitsInt(n.Text, 64):
		return typeInt8, true
	default:
		return typeNumeric, numericText.MatchString(n.Text)
	}
}

// checkAttribute checks that a value can be read as its attribute's type.
func (r *policyReader) checkAttribute(d *attributeDecl, e document.Entry) {
	items := []*document.Node{e.Value}
	if d.typ.Array {
		if !r.is(e.Value, document.List, e.Key.Text) {
			return
		}
		items = e.Value.Items
	}
	for _, item := range items {
		if !r.is(item, document.Scalar, e.Key.Text) {
			continue
		}
		if err := (&Schema{}).Fits(scalarOf(d.typ), item.Text); err != nil {
			r.add(item.Place, CodeTypeMismatch, "", "%s: %s", e.Key.Text, err)
		}
	}
}

// value is a user's value of an attribute. Its type was checked.
func (d *attributeDecl) value(n *document.Node) Attribute {
	if !d.typ.Array {
		return Attribute{Type: d.typ, Text: strings.Clone(constant(d.typ, n.Text).Text)}
	}
	a := Attribute{Type: d.typ, List: []string{}}
	for _, item := range n.Items {
		a.List = append(a.List, strings.Clone(constant(scalarOf(d.typ), item.Text).Text))
	}
	a.Text = ArrayText(a.List)
	return a
}
