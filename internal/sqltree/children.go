package sqltree

import (
	"reflect"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Children calls f for every message directly below m, list elements included, in field order, and stops at the first error. It gives the name
// of the field that holds the message.
func Children(m proto.Message, f func(protoreflect.Name, proto.Message) error) error {
	if n, ok := m.(*pg.Node); ok {
		return chosen(n, f)
	}
	l := layoutOf(m)
	v := l.structOf(m)
	for i := range l.links {
		s := &l.links[i]
		if err := below(v.Field(s.index), s, f); err != nil {
			return err
		}
	}
	return nil
}

// chosen is Children for the message that half of a tree consists of.
func chosen(n *pg.Node, f func(protoreflect.Name, proto.Message) error) error {
	if n == nil || n.Node == nil {
		return nil
	}
	wrapped := reflect.ValueOf(n.Node)
	return f(allLayouts().choices[addressOf(wrapped.Type())].name, message(wrapped.Elem().Field(0)))
}

func below(v reflect.Value, s *slot, f func(protoreflect.Name, proto.Message) error) error {
	switch {
	case s.list:
		return elements(v, s.name, f)
	case v.IsNil():
		return nil
	case s.choice:
		wrapped := v.Elem()
		return f(allLayouts().choices[addressOf(wrapped.Type())].name, message(wrapped.Elem().Field(0)))
	default:
		return f(s.name, message(v))
	}
}

func elements(v reflect.Value, name protoreflect.Name, f func(protoreflect.Name, proto.Message) error) error {
	if v.Len() == 0 {
		return nil
	}
	if nodes, ok := v.Addr().Interface().(*[]*pg.Node); ok {
		for _, n := range *nodes {
			if err := f(name, n); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range v.Len() {
		if err := f(name, message(v.Index(i))); err != nil {
			return err
		}
	}
	return nil
}

// message is the message that a value points to.
func message(v reflect.Value) proto.Message { return v.Interface().(proto.Message) } //nolint:forcetypeassert // the layout says so

// Unlocate marks every node of a tree that we made as not being in the client's text, and returns it.
func Unlocate(n *pg.Node) *pg.Node {
	unlocate(n)
	return n
}

func unlocate(m proto.Message) {
	l := layoutOf(m)
	if l.location >= 0 {
		l.structOf(m).Field(l.location).SetInt(Unlocated)
	}
	_ = Children(m, func(_ protoreflect.Name, child proto.Message) error {
		unlocate(child)
		return nil
	})
}

// LocationOf returns where a node stands in its text, in bytes from 0, or Unlocated for one that does not know.
func LocationOf(m proto.Message) int32 {
	l := layoutOf(m)
	if l.location < 0 {
		return Unlocated
	}
	return int32(l.structOf(m).Field(l.location).Int()) //nolint:gosec // the field is an int32
}
