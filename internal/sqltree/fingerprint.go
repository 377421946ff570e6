package sqltree

import (
	"encoding/binary"
	"hash/fnv"
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Fingerprint is a hash of a tree, locations aside: equal trees have equal ones. It is a quick no before Equal, and no proof.
func Fingerprint(m proto.Message) uint64 {
	f := fingerprint{hash: fnv.New64a()}
	f.message(m.ProtoReflect())
	return f.hash.Sum64()
}

type fingerprint struct {
	hash interface {
		Write([]byte) (int, error)
		Sum64() uint64
	}
	number [8]byte
}

func (f *fingerprint) message(m protoreflect.Message) {
	if choice := choiceOf(m); choice != nil {
		if field := m.WhichOneof(choice); field != nil {
			f.field(m, field)
		}
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); m.Has(field) && !isLocation(field) {
			f.field(m, field)
		}
	}
}

func (f *fingerprint) field(m protoreflect.Message, field protoreflect.FieldDescriptor) {
	f.integer(uint64(field.Number())) //nolint:gosec // field numbers are positive
	value := m.Get(field)
	if !field.IsList() {
		f.value(field, value)
		return
	}
	list := value.List()
	f.integer(uint64(list.Len())) //nolint:gosec // lengths are not negative
	for i := range list.Len() {
		f.value(field, list.Get(i))
	}
}

func (f *fingerprint) value(field protoreflect.FieldDescriptor, value protoreflect.Value) {
	switch v := value.Interface().(type) {
	case protoreflect.Message:
		f.message(v)
	case string:
		f.integer(uint64(len(v)))
		_, _ = f.hash.Write([]byte(v))
	case bool:
		f.integer(map[bool]uint64{true: 1}[v])
	case protoreflect.EnumNumber:
		f.integer(uint64(v)) //nolint:gosec // any bits will do
	case int32:
		f.integer(uint64(v)) //nolint:gosec // any bits will do
	case uint32:
		f.integer(uint64(v))
	case int64:
		f.integer(uint64(v)) //nolint:gosec // any bits will do
	case uint64:
		f.integer(v)
	case float64:
		f.integer(math.Float64bits(v))
	default:
		f.integer(uint64(field.Kind())) //nolint:gosec // kinds are positive
	}
}

func (f *fingerprint) integer(n uint64) {
	binary.LittleEndian.PutUint64(f.number[:], n)
	_, _ = f.hash.Write(f.number[:])
}
