package sqltree

import (
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// eachKind gives every kind of message of the parser, empty.
func eachKind(t *testing.T, f func(t *testing.T, made func() protoreflect.Message)) {
	t.Helper()
	messages := pg.File_pg_query_proto.Messages()
	require.Greater(t, messages.Len(), 250)
	for i := range messages.Len() {
		kind, err := protoregistry.GlobalTypes.FindMessageByName(messages.Get(i).FullName())
		require.NoError(t, err)
		if kind.Descriptor().Name() != "SummaryResult" {
			f(t, kind.New)
		}
	}
}

// some is a value of a field that is not what it has when it is not set. Messages and lists have something in them.
func some(m protoreflect.Message, field protoreflect.FieldDescriptor) protoreflect.Value {
	if field.IsList() {
		value := m.NewField(field)
		value.List().Append(scalarOr(field, value.List().NewElement))
		value.List().Append(scalarOr(field, value.List().NewElement))
		return value
	}
	return scalarOr(field, func() protoreflect.Value { return m.NewField(field) })
}

func scalarOr(field protoreflect.FieldDescriptor, message func() protoreflect.Value) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(7)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(7)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(7)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(7)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(7)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("seven")
	default:
		return message()
	}
}

// childrenByReflection is what Children must give, as protobuf's own reflection has it.
func childrenByReflection(m protoreflect.Message) (names []protoreflect.Name, found []proto.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.Message() == nil || !m.Has(field):
		case field.IsList():
			for j := range m.Get(field).List().Len() {
				names, found = append(names, field.Name()), append(found, m.Get(field).List().Get(j).Message().Interface())
			}
		default:
			names, found = append(names, field.Name()), append(found, m.Get(field).Message().Interface())
		}
	}
	return names, found
}

func TestChildrenAreWhatProtobufReflectionFindsInEveryFieldOfEveryKind(t *testing.T) {
	t.Parallel()
	visited := 0
	eachKind(t, func(t *testing.T, made func() protoreflect.Message) {
		t.Helper()
		whole := made()
		fields := whole.Descriptor().Fields()
		check := func(m protoreflect.Message) {
			wantNames, want := childrenByReflection(m)
			var names []protoreflect.Name
			var found []proto.Message
			require.NoError(t, Children(m.Interface(), func(name protoreflect.Name, child proto.Message) error {
				names, found = append(names, name), append(found, child)
				return nil
			}))
			require.Equal(t, wantNames, names, "%s", m.Descriptor().Name())
			require.Len(t, found, len(want))
			for i := range want {
				require.Same(t, want[i], found[i])
			}
			require.Equal(t, m.Descriptor().Name(), KindOf(m.Interface()))
			visited += len(found)
		}
		for i := range fields.Len() {
			alone := made()
			alone.Set(fields.Get(i), some(alone, fields.Get(i)))
			check(alone)
			whole.Set(fields.Get(i), some(whole, fields.Get(i)))
		}
		check(whole)
	})
	require.Greater(t, visited, 1000)
}

func TestTreesDifferByEveryFieldOfEveryKindSaveLocations(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, made func() protoreflect.Message) {
		t.Helper()
		fields := made().Descriptor().Fields()
		for i := range fields.Len() {
			field := fields.Get(i)
			with, again := made(), made()
			with.Set(field, some(with, field))
			again.Set(field, some(again, field))
			where := field.FullName()
			same := isLocation(field)
			require.Equal(t, same, Equal(with.Interface(), made().Interface()), "%s", where)
			require.Equal(t, same, Equal(made().Interface(), with.Interface()), "%s", where)
			require.True(t, Equal(with.Interface(), again.Interface()), "%s", where)
			require.Equal(t, Fingerprint(with.Interface()), Fingerprint(again.Interface()), "%s", where)
			if !same {
				require.NotEqual(t, Fingerprint(made().Interface()), Fingerprint(with.Interface()), "%s", where)
				require.ErrorContains(t, Align(with.Interface(), made().Interface(), nil), string(made().Descriptor().Name()))
			}
			differsBelow(t, with, again, field)
		}
	})
}

// differsBelow changes what a field holds, and expects it to be noticed.
func differsBelow(t *testing.T, with, again protoreflect.Message, field protoreflect.FieldDescriptor) {
	t.Helper()
	if isLocation(field) {
		return
	}
	if field.IsList() {
		last := again.Get(field).List()
		last.Truncate(1)
		require.False(t, Equal(with.Interface(), again.Interface()), "%s", field.FullName())
		require.NotEqual(t, Fingerprint(with.Interface()), Fingerprint(again.Interface()), "%s", field.FullName())
		return
	}
	if field.Message() == nil {
		return
	}
	below := again.Get(field).Message()
	for i := range below.Descriptor().Fields().Len() {
		deeper := below.Descriptor().Fields().Get(i)
		if isLocation(deeper) {
			continue
		}
		below.Set(deeper, some(below, deeper))
		require.False(t, Equal(with.Interface(), again.Interface()), "%s", deeper.FullName())
		below.Clear(deeper)
	}
}

func TestLocationsAreReadAndForgottenInEveryKind(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, made func() protoreflect.Message) {
		t.Helper()
		m := made()
		location := m.Descriptor().Fields().ByName("location")
		if location == nil || !isLocation(location) {
			require.EqualValues(t, Unlocated, LocationOf(m.Interface()))
			return
		}
		m.Set(location, protoreflect.ValueOfInt32(42))
		require.EqualValues(t, 42, LocationOf(m.Interface()))
		unlocate(m.Interface())
		require.EqualValues(t, Unlocated, m.Get(location).Int())
	})
}

func TestNothingHasNoChildrenAndIsEqualToWhatIsEmpty(t *testing.T) {
	t.Parallel()
	var none *pg.Node
	require.NoError(t, Children(none, func(protoreflect.Name, proto.Message) error {
		t.Fatal("a child of nothing")
		return nil
	}))
	require.True(t, Equal(none, &pg.Node{}))
	require.True(t, Equal(&pg.List{}, &pg.List{Items: []*pg.Node{}}))
	require.Equal(t, Fingerprint(&pg.List{}), Fingerprint(&pg.List{Items: []*pg.Node{}}))
	require.False(t, Equal(none, &pg.RangeVar{}))
}
