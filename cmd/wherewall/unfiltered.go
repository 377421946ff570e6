package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/wire"
)

// unfilteredFlags are for the users whom the policy does not filter.
type unfilteredFlags struct {
	UnfilteredUpstream             string `placeholder:"DSN" help:"The login that unfiltered users have in the database, where the service login is too weak for what they do: as --upstream, and of the same database."`
	UnfilteredUpstreamPasswordFile string `placeholder:"FILE" help:"A file with the password of --unfiltered-upstream."`
}

// past makes the server connections of unfiltered users. Also where they are those of the service login, their failures count apart: what such a
// client asks for goes to the server as it is, and where that is refused again and again, as replication may be, the others' logins must not wait.
func (c serveCmd) past(upstream *pgdial.Upstream, log zerolog.Logger) (wire.Connector, error) {
	u, err := c.unfilteredFlags.openBeside(upstream, c.dialing(log))
	if err == nil && u == nil {
		u, err = c.upstreamFlags.openBy(c.dialing(log))
		return wire.NewConnector(u), err
	}
	if err != nil {
		return nil, err
	}
	c.unfilteredFlags.warnOfVisible(log)
	if err := tell(log, u.User(), unproven("--unfiltered-upstream", u), c.Strict); err != nil {
		return nil, err
	}
	return wire.NewConnector(u), nil
}

// openBeside reads the DSN; nil for none. It has to name the database that the policy is bound to.
func (f unfilteredFlags) openBeside(upstream *pgdial.Upstream, o pgdial.Options) (*pgdial.Upstream, error) {
	if f.UnfilteredUpstream == "" {
		if f.UnfilteredUpstreamPasswordFile != "" {
			return nil, usage(fmt.Errorf("--unfiltered-upstream-password-file needs --unfiltered-upstream"))
		}
		return nil, nil
	}
	o.PasswordFile = f.UnfilteredUpstreamPasswordFile
	u, err := openDSN("--unfiltered-upstream", f.UnfilteredUpstream, o)
	if err != nil {
		return nil, err
	}
	if u.Database() != upstream.Database() {
		return nil, usage(fmt.Errorf("--unfiltered-upstream names the database %q, and --upstream %q: they have to be one", u.Database(), upstream.Database()))
	}
	return u, nil
}

func (f unfilteredFlags) warnOfVisible(log zerolog.Logger) {
	warnOfVisible(log, "--unfiltered-upstream", f.UnfilteredUpstream, arguments())
}

// printUnfiltered names those whom the policy does not hold for.
func printUnfiltered(w io.Writer, users []string) {
	if len(users) > 0 {
		fmt.Fprintf(w, "%s past the policy: %s\n", plural(len(users), "user"), strings.Join(users, ", "))
	}
}
