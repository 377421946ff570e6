package sqltree

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Unlocated is the location of a node that is not in the client's text. The parser's own trees use it too, where they know none.
const Unlocated = -1

// Visit is called by Align for each pair of nodes that carry a location, in the order of the tree's fields.
type Visit func(want, got proto.Message, wantLocation, gotLocation int32)

// Align walks two trees in step. It returns an error that names the first difference; locations are not compared but
// handed to visit, which may be nil.
func Align(want, got proto.Message, visit Visit) error {
	return align(want.ProtoReflect(), got.ProtoReflect(), visit)
}

// Equal says whether two trees are the same, locations aside.
func Equal(a, b proto.Message) bool { return Align(a, b, nil) == nil }

func align(want, got protoreflect.Message, visit Visit) error {
	name := want.Descriptor().Name()
	if got.Descriptor().Name() != name {
		return fmt.Errorf("%s became %s", name, got.Descriptor().Name())
	}
	if choice := choiceOf(want); choice != nil {
		a, b := want.WhichOneof(choice), got.WhichOneof(choice)
		if a != b {
			return fmt.Errorf("%s holds another kind", name)
		}
		if a == nil {
			return nil
		}
		return alignField(want, got, a, visit)
	}
	fields := want.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if isLocation(field) {
			if visit != nil && field.Name() == "location" {
				visit(want.Interface(), got.Interface(), int32(want.Get(field).Int()), int32(got.Get(field).Int()))
			}
			continue
		}
		if want.Has(field) != got.Has(field) {
			return fmt.Errorf("%s.%s is set on one side only", name, field.Name())
		}
		if !want.Has(field) {
			continue
		}
		if err := alignField(want, got, field, visit); err != nil {
			return err
		}
	}
	return nil
}

func alignField(want, got protoreflect.Message, field protoreflect.FieldDescriptor, visit Visit) error {
	switch {
	case field.IsList():
		a, b := want.Get(field).List(), got.Get(field).List()
		if a.Len() != b.Len() {
			return fmt.Errorf("%s.%s has %d elements instead of %d", want.Descriptor().Name(), field.Name(), b.Len(), a.Len())
		}
		for i := range a.Len() {
			if field.Message() == nil {
				if !a.Get(i).Equal(b.Get(i)) {
					return fmt.Errorf("%s.%s differs", want.Descriptor().Name(), field.Name())
				}
				continue
			}
			if err := align(a.Get(i).Message(), b.Get(i).Message(), visit); err != nil {
				return err
			}
		}
		return nil
	case field.Message() != nil:
		return align(want.Get(field).Message(), got.Get(field).Message(), visit)
	default:
		if !want.Get(field).Equal(got.Get(field)) {
			return fmt.Errorf("%s.%s differs", want.Descriptor().Name(), field.Name())
		}
		return nil
	}
}

// choiceOf returns the one-of that a message consists of, if it does: Node holds one of some 270 kinds, and asking for each would
// take most of the time of a walk.
func choiceOf(m protoreflect.Message) protoreflect.OneofDescriptor {
	oneofs := m.Descriptor().Oneofs()
	if oneofs.Len() != 1 || m.Descriptor().Fields().Len() != oneofs.Get(0).Fields().Len() {
		return nil
	}
	return oneofs.Get(0)
}

// isLocation tells the fields that say where a node stood in its text and nothing else.
func isLocation(field protoreflect.FieldDescriptor) bool {
	switch field.Name() {
	case "location", "arg_location", "name_location", "payload_location", "stmt_location", "stmt_len":
		return true
	default:
		return false
	}
}

// Children calls f for every message directly below m, list elements included, in field order, and stops at the first error.
func Children(m protoreflect.Message, f func(protoreflect.FieldDescriptor, protoreflect.Message) error) error {
	fields := m.Descriptor().Fields()
	if choice := choiceOf(m); choice != nil {
		field := m.WhichOneof(choice)
		if field == nil || field.Message() == nil {
			return nil
		}
		return f(field, m.Get(field).Message())
	}
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.Message() == nil || !m.Has(field) {
			continue
		}
		if !field.IsList() {
			if err := f(field, m.Get(field).Message()); err != nil {
				return err
			}
			continue
		}
		list := m.Get(field).List()
		for j := range list.Len() {
			if err := f(field, list.Get(j).Message()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Unlocate marks every node of a tree that we made as not being in the client's text, and returns it.
func Unlocate(n *pg.Node) *pg.Node {
	unlocate(n.ProtoReflect())
	return n
}

func unlocate(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	if location := fields.ByName("location"); location != nil {
		m.Set(location, protoreflect.ValueOfInt32(Unlocated))
	}
	_ = Children(m, func(_ protoreflect.FieldDescriptor, child protoreflect.Message) error {
		unlocate(child)
		return nil
	})
}

// LocationOf returns where a node stands in its text, in bytes from 0, or Unlocated for one that does not know.
func LocationOf(m protoreflect.Message) int32 {
	location := m.Descriptor().Fields().ByName("location")
	if location == nil {
		return Unlocated
	}
	return int32(m.Get(location).Int())
}
