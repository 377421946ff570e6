package main

import "github.com/wherewall/wherewall/wire"

// serverPoolFlags are about server connections that wait for the next session. Their names are those that poolers have for the same.
type serverPoolFlags struct {
	ServerPoolSize    number `default:"20" help:"Server connections that are kept when their sessions have ended well, cleaned, for the sessions that begin next; 0 for none."`
	ServerIdleTimeout span   `default:"10m" help:"How long such a connection waits for a session; 0 for as long as the server lets it."`
	ServerLifetime    span   `default:"1h" help:"How long after its login such a connection is given to a session; 0 for any time."`
}

func (f serverPoolFlags) apply(c *wire.Config) {
	c.ServerPool = wire.ServerPool{Size: int(f.ServerPoolSize), IdleTimeout: f.ServerIdleTimeout.duration(), Lifetime: f.ServerLifetime.duration()}
}
