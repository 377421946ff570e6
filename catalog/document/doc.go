// Package document reads YAML into a small tree in which everything knows its place: file, line and column, also
// of each character inside a scalar.
//
// It is strict: anchors, aliases, tags, merge keys and duplicate keys are faults, since each of them makes a policy
// mean something else than what its lines say. The YAML library is known to this package alone.
package document
