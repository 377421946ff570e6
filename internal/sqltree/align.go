package sqltree

import (
	"fmt"
	"reflect"

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
	if d := align(want, got, visit); d != nil {
		return fmt.Errorf("%s %s", d.where(), d.what)
	}
	return nil
}

// Equal says whether two trees are the same, locations aside.
func Equal(a, b proto.Message) bool { return align(a, b, nil) == nil }

// difference is a place in which two trees differ. Most are never read, so that their words are put together when they are.
type difference struct {
	kind, field protoreflect.Name
	what        string
}

func (d *difference) where() string {
	if d.field == "" {
		return string(d.kind)
	}
	return string(d.kind) + "." + string(d.field)
}

func align(want, got proto.Message, visit Visit) *difference {
	l := layoutOf(want)
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		return &difference{kind: l.kind, what: "became another kind"}
	}
	return l.align(reflect.ValueOf(want), reflect.ValueOf(got), visit)
}

// align compares what two pointers to messages of the kind point to.
func (l *layout) align(want, got reflect.Value, visit Visit) *difference {
	a, b := l.behind(want), l.behind(got)
	for i := range l.fields {
		s := &l.fields[i]
		if s.location {
			if visit != nil && s.index == l.location {
				visit(message(want), message(got), int32(a.Field(s.index).Int()), int32(b.Field(s.index).Int())) //nolint:gosec // the fields are of int32
			}
			continue
		}
		if d := l.alignField(a.Field(s.index), b.Field(s.index), s, visit); d != nil {
			return d
		}
	}
	return nil
}

func (l *layout) alignField(a, b reflect.Value, s *slot, visit Visit) *difference {
	switch {
	case s.list:
		return l.alignList(a, b, s, visit)
	case !s.message:
		if !sameScalar(a, b) {
			return &difference{l.kind, s.name, "differs"}
		}
		return nil
	case a.IsNil() || b.IsNil():
		if a.IsNil() != b.IsNil() {
			return &difference{l.kind, s.name, "is set on one side only"}
		}
		return nil
	case s.choice:
		a, b = a.Elem(), b.Elem()
		if a.Type() != b.Type() {
			return &difference{l.kind, s.name, "holds another kind"}
		}
		return allLayouts().choices[addressOf(a.Type())].kind.align(a.Elem().Field(0), b.Elem().Field(0), visit)
	default:
		return s.kind.align(a, b, visit)
	}
}

func (l *layout) alignList(a, b reflect.Value, s *slot, visit Visit) *difference {
	if a.Len() != b.Len() {
		return &difference{l.kind, s.name, fmt.Sprintf("has %d elements instead of %d", b.Len(), a.Len())}
	}
	for i := range a.Len() {
		if !s.message {
			if !sameScalar(a.Index(i), b.Index(i)) {
				return &difference{l.kind, s.name, "differs"}
			}
			continue
		}
		if d := s.kind.align(a.Index(i), b.Index(i), visit); d != nil {
			return d
		}
	}
	return nil
}

// sameScalar compares what is no message. A kind of value that it does not know is never the same.
func sameScalar(a, b reflect.Value) bool {
	switch a.Kind() { //nolint:exhaustive // the default fails closed
	case reflect.String:
		return a.String() == b.String()
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.Int32, reflect.Int64:
		return a.Int() == b.Int()
	case reflect.Uint32, reflect.Uint64:
		return a.Uint() == b.Uint()
	case reflect.Float64:
		return a.Float() == b.Float()
	default:
		return false
	}
}
