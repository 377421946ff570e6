// Package catalog holds what is declared: policy documents with their entity mappings, and a copy of the database's own
// catalog. Bound together and validated, they are a Snapshot, from which plans are built.
//
// It promises that a Snapshot has no loose ends: every name in it was found, every condition was parsed and typed,
// and whatever could not be is an error with file:line:col and one of the stable codes. An entity that is not declared
// does not exist, a tenant boundary that is not declared is an error.
package catalog
