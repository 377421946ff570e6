// Package store keeps a policy, or its population, in the tables of schema wherewall of a PostgreSQL: see docs/store.md.
//
// The tables are the truth, whoever writes them. Triggers give each transaction that changes them a version, one after the other, and a
// history. What is read is validated by package catalog, by the very code that reads files. Writing through this package validates before the
// transaction commits; what others write is validated when it is read, and a version at fault takes no one's place.
package store
