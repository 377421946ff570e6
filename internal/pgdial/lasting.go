package pgdial

import "github.com/jackc/pgx/v5/pgconn"

// Unchanged returns a function that says whether a login would still be made as one that is made now: with the same secret, at the same servers.
// It tells what was read last: files are read for logins, and a connection string when a server has refused one.
func (u *Upstream) Unchanged() func() bool {
	settings, secret := u.current.Load(), u.secret.Load()
	return func() bool {
		return u.current.Load() == settings && *u.secret.Load() == *secret
	}
}

// secondChoice marks connections to a server that target_session_attrs does not prefer.
const secondChoice = "second choice"

// SecondChoice says whether target_session_attrs prefers another server, which could not be had when the connection was made.
func SecondChoice(h *pgconn.HijackedConn) bool { return h.CustomData[secondChoice] != nil }
