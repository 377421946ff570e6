package sqltree

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// layout is where the fields of one kind of message are in the Go struct that holds it. It says what protobuf reflection says, which
// takes most of the time of a walk when it is asked at every message.
type layout struct {
	kind     protoreflect.Name
	number   uint64        // of the kind, among all
	empty    reflect.Value // a message that has nothing
	fields   []slot        // in the order of the kind's declaration
	links    []slot        // those of them that hold messages
	location int           // the index of the field location; -1 for none
}

// slot is a field of a Go struct, or the field that holds the choice of a one-of.
type slot struct {
	name     protoreflect.Name // of a choice: the one-of's
	index    int
	list     bool
	message  bool
	choice   bool
	kind     *layout // of the messages in it; nil for a choice
	location bool    // says where a node stood in its text, and nothing else
}

// layouts are made once, from the descriptors of the parser's messages. They are found by the address that Go describes a type at.
type layouts struct {
	kinds   map[uintptr]*layout
	choices map[uintptr]choice // the fields of one-ofs, by the types that Go wraps them in
}

// choice is a field of a one-of.
type choice struct {
	name protoreflect.Name
	kind *layout
}

var allLayouts = sync.OnceValue(newLayouts)

// newLayouts panics on a message that it cannot describe: a walk that leaves something out would be worse, and any test finds it.
func newLayouts() layouts {
	all := layouts{kinds: map[uintptr]*layout{}, choices: map[uintptr]choice{}}
	var kinds []protoreflect.MessageType
	messages := pg.File_pg_query_proto.Messages()
	for i := range messages.Len() {
		kind, err := protoregistry.GlobalTypes.FindMessageByName(messages.Get(i).FullName())
		if err != nil {
			panic(fmt.Sprintf("finding %s: %v", messages.Get(i).FullName(), err))
		}
		if hasMap(kind.Descriptor()) { // a summary, which no tree holds
			continue
		}
		goType := reflect.TypeOf(kind.Zero().Interface())
		all.kinds[addressOf(goType)] = &layout{
			kind: kind.Descriptor().Name(), number: uint64(len(kinds)), empty: reflect.New(goType.Elem()).Elem(), location: -1,
		}
		kinds = append(kinds, kind)
	}
	for _, kind := range kinds {
		all.describe(kind)
	}
	return all
}

// addressOf is the address that Go describes a type at, which is quicker to look up than the type.
func addressOf(t reflect.Type) uintptr { return reflect.ValueOf(t).Pointer() }

// of finds the layout of a message.
func (a layouts) of(kind protoreflect.Message) *layout {
	return a.kinds[addressOf(reflect.TypeOf(kind.Interface()))]
}

// describe fills in the fields of a layout.
func (a layouts) describe(kind protoreflect.MessageType) {
	described := kind.Descriptor()
	l := a.of(kind.Zero())
	byName := structFields(l.empty.Type())
	oneofs := map[protoreflect.Name]bool{}
	for i := range described.Fields().Len() {
		field := described.Fields().Get(i)
		s := slot{name: field.Name(), list: field.IsList(), message: field.Message() != nil, location: isLocation(field)}
		if s.message {
			s.kind = a.of(messageIn(kind.New(), field))
		}
		if in := field.ContainingOneof(); in != nil {
			if !s.message || s.list {
				panic(fmt.Sprintf("%s.%s is a choice that holds no message", l.kind, s.name))
			}
			a.choices[wrapper(kind, field, byName[in.Name()])] = choice{s.name, s.kind}
			s.name, s.choice, s.kind = in.Name(), true, nil
		}
		index, known := byName[s.name]
		if !known {
			panic(fmt.Sprintf("%s.%s is not found in its struct", l.kind, s.name))
		}
		if s.choice && oneofs[s.name] {
			continue
		}
		oneofs[s.name] = s.choice
		s.index = index
		l.put(s)
	}
}

// messageIn is a message of the kind that a field holds.
func messageIn(m protoreflect.Message, field protoreflect.FieldDescriptor) protoreflect.Message {
	if field.IsList() {
		return m.NewField(field).List().NewElement().Message()
	}
	return m.NewField(field).Message()
}

func hasMap(d protoreflect.MessageDescriptor) bool {
	for i := range d.Fields().Len() {
		if d.Fields().Get(i).IsMap() {
			return true
		}
	}
	return false
}

func (l *layout) put(s slot) {
	l.fields = append(l.fields, s)
	if s.message {
		l.links = append(l.links, s)
	}
	if s.location && s.name == "location" {
		l.location = s.index
	}
}

// wrapper is the type that Go wraps a field of a one-of in.
func wrapper(kind protoreflect.MessageType, field protoreflect.FieldDescriptor, index int) uintptr {
	m := kind.New()
	m.Set(field, m.NewField(field))
	return addressOf(reflect.ValueOf(m.Interface()).Elem().Field(index).Elem().Type())
}

// structFields finds the fields of a generated struct by the names that their tags give them.
func structFields(t reflect.Type) map[protoreflect.Name]int {
	found := map[protoreflect.Name]int{}
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if oneof := tag.Get("protobuf_oneof"); oneof != "" {
			found[protoreflect.Name(oneof)] = i
		}
		for part := range strings.SplitSeq(tag.Get("protobuf"), ",") {
			if name, ok := strings.CutPrefix(part, "name="); ok {
				found[protoreflect.Name(name)] = i
			}
		}
	}
	return found
}

// layoutOf finds the layout of a message, which must be one of the parser's.
func layoutOf(m proto.Message) *layout {
	l := allLayouts().kinds[addressOf(reflect.TypeOf(m))]
	if l == nil {
		panic(fmt.Sprintf("%T is not a message of the parser", m))
	}
	return l
}

// structOf is the struct behind a message. That of no message is one that has nothing.
func (l *layout) structOf(m proto.Message) reflect.Value { return l.behind(reflect.ValueOf(m)) }

// behind is structOf for a pointer.
func (l *layout) behind(p reflect.Value) reflect.Value {
	if p.IsNil() {
		return l.empty
	}
	return p.Elem()
}

// KindOf is the name of a message's kind.
func KindOf(m proto.Message) protoreflect.Name { return layoutOf(m).kind }

// isLocation tells the fields that say where a node stood in its text and nothing else. (That of CREATE TABLESPACE is a folder.)
func isLocation(field protoreflect.FieldDescriptor) bool {
	if field.Kind() != protoreflect.Int32Kind {
		return false
	}
	switch field.Name() {
	case "location", "arg_location", "name_location", "payload_location", "stmt_location", "stmt_len":
		return true
	default:
		return false
	}
}
