package catalog

import (
	"fmt"

	"github.com/wherewall/wherewall/catalog/expr"
)

// ScalarAttribute types a value that a session brings for an attribute, as the policy's documents are typed: by the declaration, else by
// what users have of it. An attribute that the policy does not know has no type and no use, so it is refused.
func (s *Snapshot) ScalarAttribute(name, text string) (Attribute, error) {
	t, err := s.attributeType(name, false)
	if err != nil {
		return Attribute{}, err
	}
	value, err := attributeText(name, t, text)
	return Attribute{Type: t, Text: value}, err
}

// ListAttribute is ScalarAttribute for one that is an array.
func (s *Snapshot) ListAttribute(name string, texts []string) (Attribute, error) {
	t, err := s.attributeType(name, true)
	if err != nil {
		return Attribute{}, err
	}
	a := Attribute{Type: t, List: make([]string, len(texts))}
	for i, text := range texts {
		if a.List[i], err = attributeText(name, scalarOf(t), text); err != nil {
			return Attribute{}, err
		}
	}
	a.Text = ArrayText(a.List)
	return a, nil
}

func (s *Snapshot) attributeType(name string, array bool) (expr.Type, error) {
	t, declared := s.AttributeTypes[name]
	switch {
	case !declared:
		return t, fmt.Errorf("the policy declares no attribute %s", name)
	case t.Array && !array:
		return t, fmt.Errorf("the attribute %s is a list, and the value is none", name)
	case !t.Array && array:
		return t, fmt.Errorf("the attribute %s is one value, and not a list", name)
	default:
		return t, nil
	}
}

// attributeText is a value's text input. The error does not show the value: it may go to a log.
func attributeText(name string, t expr.Type, text string) (string, error) {
	if err := (&Schema{}).Fits(t, text); err != nil {
		return "", fmt.Errorf("a value of the attribute %s is no %s", name, typeLabel(t))
	}
	return constant(t, text).Text, nil
}
