package main

import (
	"fmt"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/wire"
)

// limitFlags bound what clients may take.
type limitFlags struct {
	MaxConnections          number `default:"1000" reload:"" help:"Sessions at once; 0 for no limit (reloaded). Each has a server connection of its own."`
	ReservedConnections     number `default:"3" reload:"" help:"Of these, how many are for unfiltered logins (reloaded)."`
	MaxConnectionsPerUser   number `default:"0" reload:"" help:"Sessions of one user at once; 0 for no limit (reloaded)."`
	MaxConnectionsPerTenant number `default:"0" reload:"" help:"Sessions in one tenant at once; 0 for no limit (reloaded)."`
	MaxMessage              size   `default:"1GB" help:"The longest message of a client."`
	MaxStatement            size   `default:"16MB" help:"The longest text of a statement."`
	MaxHeld                 size   `default:"256MB" help:"What long messages of all sessions may hold in memory at once."`
	MaxConnecting           number `default:"32" help:"Logins at the database server at once; the others wait for their turn."`
	LoginTimeout            span   `default:"60s" help:"How long a login may take; 0 for 60s."`
	ClientSendTimeout       span   `default:"0" reload:"" help:"How long a client may take no data that it has asked for; 0 for as long as it likes (reloaded)."`
}

// timeoutFlags are limits that PostgreSQL keeps. They stand in the settings that sessions begin with, and clients may lower them.
type timeoutFlags struct {
	StatementTimeout         span `default:"0" reload:"" help:"PostgreSQL's statement_timeout for sessions, which may lower it; 0 for the server's own (reloaded, as are the next)."`
	LockTimeout              span `default:"0" reload:"" help:"The same of lock_timeout."`
	IdleInTransactionTimeout span `default:"0" reload:"" help:"The same of idle_in_transaction_session_timeout."`
	IdleSessionTimeout       span `default:"0" reload:"" help:"The same of idle_session_timeout."`
	TransactionTimeout       span `default:"0" reload:"" help:"The same of transaction_timeout, which PostgreSQL has since version 17."`
}

// validate refuses a reserve that leaves nothing.
func (f limitFlags) validate() error {
	if f.MaxConnections > 0 && f.ReservedConnections >= f.MaxConnections {
		return usage(fmt.Errorf("--reserved-connections %d leaves none of --max-connections %d for filtered logins", f.ReservedConnections, f.MaxConnections))
	}
	return nil
}

// apply gives the wire the limits that do not change while it runs.
func (f limitFlags) apply(c *wire.Config) {
	c.MaxMessage, c.MaxStatement, c.MaxHeld = int(f.MaxMessage), int(f.MaxStatement), int(f.MaxHeld)
	c.LoginTimeout = f.LoginTimeout.duration()
}

// Beside two descriptors for each session, there are clients that log in and the process's own.
const (
	descriptorsPerSession = 2
	otherDescriptors      = 1100
)

// warn tells of a limit of the system that would be reached before the one on connections. Then accepting fails, and clients wait.
func (f limitFlags) warn(log zerolog.Logger) {
	allowed, needed := maxDescriptors(), uint64(f.MaxConnections)*descriptorsPerSession+otherDescriptors //nolint:gosec // never negative
	if f.MaxConnections > 0 && allowed > 0 && allowed < needed {
		log.Warn().Uint64("allowed", allowed).Uint64("needed", needed).
			Msg("fewer open files are allowed than the connections may need: raise LimitNOFILE (ulimit -n), or lower --max-connections")
	}
}

// limits are those that may change.
func (f limitFlags) limits() *wire.Limits {
	return &wire.Limits{
		MaxSessions: int(f.MaxConnections), Reserved: int(f.ReservedConnections),
		MaxPerUser: int(f.MaxConnectionsPerUser), MaxPerTenant: int(f.MaxConnectionsPerTenant),
		SendTimeout: f.ClientSendTimeout.duration(),
	}
}

// settings are the limits by PostgreSQL's names, in milliseconds, without those that are none.
func (f timeoutFlags) settings() map[string]int64 {
	limits := map[string]int64{}
	for name, limit := range map[string]span{
		"statement_timeout": f.StatementTimeout, "lock_timeout": f.LockTimeout,
		"idle_in_transaction_session_timeout": f.IdleInTransactionTimeout, "idle_session_timeout": f.IdleSessionTimeout,
		"transaction_timeout": f.TransactionTimeout,
	} {
		if limit > 0 {
			limits[name] = limit.duration().Milliseconds()
		}
	}
	return limits
}
