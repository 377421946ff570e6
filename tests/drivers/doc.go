// Command drivers runs the test suites that pgx and lib/pq bring along, unmodified, three times: against PostgreSQL, through Wherewall as a login
// that is not filtered, and through Wherewall as one that is and may do what a policy can allow. It compares what became of each test with
// what is recorded beside this file, where every difference from PostgreSQL stands with its reason, and fails for any other.
//
//	go run ./tests/drivers [-run 'pgx/pgtype'] [-ways direct,filtered] [-record] [-keep FOLDER]
package main
