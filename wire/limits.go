package wire

import "time"

// Limits are bounds that an operator may change while the server runs. Zero is no bound. Those on connections are looked at when a client
// logs in, and nobody is sent away for a bound that was lowered later.
type Limits struct {
	// MaxSessions bounds the sessions at once. The last Reserved of them are for logins that are not filtered.
	MaxSessions, Reserved int
	// MaxPerUser and MaxPerTenant bound the sessions of one user and in one tenant. Logins that are not filtered are exempt, as
	// superusers are from PostgreSQL's own limits.
	MaxPerUser, MaxPerTenant int
	// SendTimeout is how long a client may take nothing of what is to be sent to it.
	SendTimeout time.Duration
}

func noLimits() Limits { return Limits{} }
