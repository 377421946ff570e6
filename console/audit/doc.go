// Package audit writes down who did what: a record for each statement, and one for each login, end of a session, change of a session's
// subject and change of the policy. docs/audit.md says what is in them.
//
// Sessions hand their records over without waiting for the disk: they reserve room before a statement is sent, in one of several lanes
// so that they do not wait for each other either, and one goroutine writes what has gathered. Where a trail is required, a statement for
// which there is no room, or whose record could not be written, is refused; else its record is dropped and counted.
//
// Literals and parameters are in no record. Statements are named by pg_query's fingerprint, which is the same for all literals, and by a digest of
// the text that was sent, in which the values of the subject are left open.
package audit
