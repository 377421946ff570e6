// Package tests holds what needs a real PostgreSQL, a real client or the built binary.
//
// It has three judges. The oracle runs each statement twice, through Wherewall and as a role under hand-written native
// row-level security, and wants the same rows, types, tags, SQLSTATEs and table contents afterwards. The wire scripts
// run the same messages against PostgreSQL directly and through Wherewall and want equal transcripts. The rest are
// tests of one claim each: login, cancel, vanished clients, big values, bounded memory, psql itself.
//
// PostgreSQL is found by internal/pgtemp; WHEREWALL_TEST_PG, a superuser's DSN, names a running cluster instead.
package tests
