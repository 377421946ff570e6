// Package pgdial connects to the database: to one of several servers, as libpq would, with a secret that may change, and without a
// storm when none of them answers.
//
// TLS, authentication and the parsing of connection strings are pgx's. What pgx leaves out of libpq's meaning of a connection string is either
// done here or refused when the string is read; docs/upstream.md has the list.
package pgdial
