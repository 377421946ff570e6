package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/wire"
)

// proxy is Wherewall in this process, in front of one database.
type proxy struct {
	addr, database string
	world          *wire.World
	server         *wire.Server
	served         chan error
}

func (c *cluster) startProxy(ctx context.Context, s *sample, database string) (*proxy, error) {
	world, err := c.world(ctx, s, database)
	if err != nil {
		return nil, err
	}
	upstream, err := pgconn.ParseConfig(c.DSN(service, password, database))
	if err != nil {
		return nil, fmt.Errorf("reading the DSN: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	p := &proxy{addr: listener.Addr().String(), database: database, world: world, served: make(chan error, 1)}
	p.server = wire.NewServer(wire.Config{
		Upstream: upstream, Auth: wire.AuthTrust, World: func() *wire.World { return world }, Log: zerolog.Nop(),
	})
	go func() { p.served <- p.server.Serve(context.WithoutCancel(ctx), listener) }()
	return p, nil
}

func (p *proxy) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(p.server.Shutdown(ctx), <-p.served)
}
