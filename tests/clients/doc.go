// Command clients runs real clients of PostgreSQL, unmodified, against Wherewall: make test-clients.
//
//	go run ./tests/clients [-run REGEXP] [-direct] [-capture] [-docs] [-list] [-keep]
//
// Every folder here with a client.yaml is a client. Each is given what it needs (Debian packages by apt-get, npm packages by its package.json,
// Go modules by its go.mod), copied to a folder of its own under the user's cache, built there, and run with PG* variables that lead through
// `wherewall serve` to the sample. It says what it found in lines of the Test Anything Protocol. README.md has the conventions.
//
//	-direct   past Wherewall: PostgreSQL itself, as a plain user under hand-written row-level security. What passes here is right about PostgreSQL.
//	-capture  against a database that has only what the user may see, with every statement logged: statements.txt of each client.
//	-docs     writes the results into the table of docs/clients.md, where the rows of clients that did not run stay.
//	-keep     leaves the servers running until Ctrl-C, and tells how to reach them.
package main
