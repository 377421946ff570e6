// Package wire talks the PostgreSQL protocol: it says who is there (startup, SCRAM), keeps one session per client, and
// relays between the client and a server connection of its own.
//
//	client ──requests──▶ rewrite.Template ──▶ server      one half: the only writer to the server
//	client ◀──replies── pending requests ◀── server       the other: the only writer to the client
//
// The halves are strands on an event loop (internal/strand), or two goroutines where a connection is inside TLS or there are no loops.
//
// It promises:
//
//   - SQL reaches the server only as a rewrite.Template says it (door.go, the one place that writes Query and Parse), but for the constant
//     statements that make it forget a session (wash.go).
//   - Message kinds are allow-lists in both directions; what is not listed ends the session.
//   - A refusal travels through the server as a statement that must fail, so that it arrives in its place, with the
//     transaction failed as PostgreSQL would have it.
//   - A statement prepared, or a portal bound, under an older policy is not executed under a newer one. A session keeps the
//     subject that it began with, or ends; that of a shared login acts as whom it names, statement by statement, and none of
//     them finds what another one left.
//   - A server connection serves one session at a time, and the next one finds nothing of it.
//   - What a client says before it leaves is sent, as PostgreSQL would run it.
//   - Memory is bounded, not by rows, values or the client's reading speed: long messages that must be held draw on one sum for
//     all sessions, and the statements and portals of a session have a limit.
//   - Before authentication every failure looks like a wrong password; nothing that reaches the client or the log
//     holds a secret.
package wire
