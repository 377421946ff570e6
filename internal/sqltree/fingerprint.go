package sqltree

import (
	"math"
	"reflect"

	"google.golang.org/protobuf/proto"
)

// Fingerprint is a hash of a tree, locations aside: equal trees have equal ones. It is a quick no before Equal, and no proof.
func Fingerprint(m proto.Message) uint64 {
	f := fingerprint(offset64)
	f.message(layoutOf(m), reflect.ValueOf(m))
	return uint64(f)
}

// fingerprint is the state of FNV-1a over words instead of bytes.
type fingerprint uint64

const (
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)

func (f *fingerprint) message(l *layout, pointer reflect.Value) {
	v := l.behind(pointer)
	f.add(l.number)
	for i := range l.fields {
		s := &l.fields[i]
		field := v.Field(s.index)
		if s.location || s.list && field.Len() == 0 || field.IsZero() {
			continue
		}
		f.add(uint64(i)) //nolint:gosec // an index is not negative
		switch {
		case s.list:
			f.list(field, s)
		case s.choice:
			wrapped := field.Elem()
			f.message(allLayouts().choices[addressOf(wrapped.Type())].kind, wrapped.Elem().Field(0))
		case s.message:
			f.message(s.kind, field)
		default:
			f.scalar(field)
		}
	}
}

func (f *fingerprint) list(v reflect.Value, s *slot) {
	f.add(uint64(v.Len())) //nolint:gosec // a length is not negative
	for i := range v.Len() {
		if s.message {
			f.message(s.kind, v.Index(i))
		} else {
			f.scalar(v.Index(i))
		}
	}
}

func (f *fingerprint) scalar(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // what is not counted is found by Equal
	case reflect.String:
		for _, c := range []byte(v.String()) {
			f.add(uint64(c))
		}
	case reflect.Bool:
		f.add(1)
	case reflect.Int32, reflect.Int64:
		f.add(uint64(v.Int())) //nolint:gosec // any bits will do
	case reflect.Uint32, reflect.Uint64:
		f.add(v.Uint())
	case reflect.Float64:
		f.add(math.Float64bits(v.Float()))
	}
}

func (f *fingerprint) add(n uint64) { *f = (*f ^ fingerprint(n)) * prime64 }
