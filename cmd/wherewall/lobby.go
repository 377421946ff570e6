package main

import "github.com/wherewall/wherewall/wire"

// lobbyFlags bound those who have not logged in yet.
type lobbyFlags struct {
	MaxUnauthenticated           number `default:"1000" help:"Connections that have not logged in yet, at once; 0 for 1000."`
	MaxUnauthenticatedPerAddress number `default:"0" help:"The same of one address, loopback ones aside; 0 for a quarter of them."`
	LoginDelay                   span   `default:"8s" help:"The longest that a wrong password is answered after, when others of the same address or user were wrong before; 0 for at once."`
}

// apply tells the wire, for which a delay of zero is the default and a negative one is none.
func (f lobbyFlags) apply(c *wire.Config) {
	c.MaxUnauthenticated, c.MaxUnauthenticatedPerAddress = int(f.MaxUnauthenticated), int(f.MaxUnauthenticatedPerAddress)
	c.LoginDelay = f.LoginDelay.duration()
	if c.LoginDelay == 0 {
		c.LoginDelay = -1
	}
}
