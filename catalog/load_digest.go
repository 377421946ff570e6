package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// digest is a hash over everything in the schema save the digest itself, in an order of names.
func (s *Schema) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %q %v %v %v\n", s.Database, s.ServerVersion, s.SearchPath, s.Limits, s.TemporaryFirst, s.LeavesTraces)
	byName := func(a, b RelationName) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	}
	for _, name := range slices.SortedFunc(maps.Keys(s.Relations), byName) {
		fmt.Fprintf(h, "relation %#v\n", *s.Relations[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		fmt.Fprintf(h, "function %q %#v\n", name, s.Functions[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Operators)) {
		fmt.Fprintf(h, "operator %q %#v\n", name, s.Operators[name])
	}
	for _, c := range s.Casts {
		fmt.Fprintf(h, "cast %#v\n", c)
	}
	byType := func(a, b TypeName) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	}
	for _, name := range slices.SortedFunc(maps.Keys(s.Types), byType) {
		fmt.Fprintf(h, "type %q %#v\n", name, *s.Types[name])
	}
	for _, name := range slices.SortedFunc(maps.Keys(s.Catalogs), byName) {
		fmt.Fprintf(h, "catalog %q %v\n", name, *s.Catalogs[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Namespaces)) {
		fmt.Fprintf(h, "namespace %q %d\n", name, s.Namespaces[name])
	}
	fmt.Fprintf(h, "%v\n%v\n%v\n", s.Objects, s.TypeParts, s.Extensions)
	return hex.EncodeToString(h.Sum(nil))
}
