package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/console"
	"github.com/wherewall/wherewall/console/metrics"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/wire"
)

// serveCmd is the proxy.
type serveCmd struct {
	upstreamFlags
	unfilteredFlags
	sourceFlags
	freshnessFlags
	listenFlags
	logFlags
	limitFlags
	timeoutFlags
	socketFlags
	tlsFlags
	lobbyFlags
	serverPoolFlags
	secretFlags
	tokenFlags
	auditFlags
	consoleFlags
	memoryFlags
	Auth       authFlag      `default:"scram" placeholder:"WAYS" help:"How clients log in: scram (a password), cert (a certificate of their own), token (a token as a password), oauth (a token by OAUTHBEARER), several apart by commas, or trust (no proof; on a loopback address only)."`
	SchemaPoll time.Duration `default:"10s" help:"How often to look whether the database's schema has changed; 0 for never."`
	Drain      time.Duration `default:"30s" reload:"" help:"How long running transactions have to end after SIGTERM; 0 for as long as they take."`
	Strict     bool          `help:"Refuse to start where the service login is stronger, or the server older, than it should be, or clients of other machines may do without TLS."`
}

// listenFlags are the addresses that the proxy takes.
type listenFlags struct {
	Listen  string `default:"127.0.0.1:6432" placeholder:"ADDR" help:"The address for clients (${default}): host:port, or unix: and the path of a socket, such as unix:/run/wherewall/.s.PGSQL.6432; several apart by commas."`
	Console string `default:"off" placeholder:"ADDR" help:"The address for the operator: metrics and health over HTTP, on a loopback address such as 127.0.0.1:6433; or off."`
}

// validate refuses addresses that cannot be listened on, or must not be.
func (f listenFlags) validate() error {
	if f.Console != "off" {
		if err := console.CheckAddress(f.Console); err != nil {
			return usage(fmt.Errorf("--console %w", err))
		}
	}
	_, err := parseAddresses(f.Listen)
	return err
}

// Run serves until SIGTERM or SIGINT. The first one lets running transactions end, the second ends them.
func (c serveCmd) Run(ctx context.Context, std *streams, r *reading) error {
	if err := c.validate(); err != nil {
		return err
	}
	auth, err := c.Auth.ways(c.Listen)
	if err != nil {
		return err
	}
	if err := errors.Join(c.tlsFlags.validate(auth), c.tokenFlags.validate(auth, c.encryption() != wire.EncryptionOff || allHere(c.Listen))); err != nil {
		return err
	}
	var t tuning
	c.tune(&t)
	log := c.following(std, &t.level)
	certificates, err := newCertificates(c.tlsFlags, log)
	if err != nil {
		return err
	}
	trail, err := c.auditFlags.start(std, log)
	if err != nil {
		return err
	}
	defer trail.close()
	w := &watched{trail: trail, stages: metrics.NewStages()}
	k, err := c.open(ctx, log, &t, w)
	if err != nil {
		return err
	}
	tokens, err := c.issuer(ctx, k.world.Load().Snapshot, log)
	if err != nil {
		return err
	}
	past, err := c.past(k.upstream, log)
	if err != nil {
		return err
	}
	secret, err := c.secret()
	if err != nil {
		return err
	}
	c.warn(log)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	doors, err := listen(c.Listen, auth)
	if err != nil {
		return err
	}
	if err := tell(log, k.upstream.User(), c.exposures(doors), c.Strict); err != nil {
		closeAll(doors)
		return err
	}
	for i, d := range doors {
		doors[i] = c.around(d, log)
	}
	config := wire.Config{
		Trail: trail.trailOf(), TenantNames: int(c.MetricsTenants), Auth: auth, UnfilteredConnector: past, Secret: secret, Limits: func() wire.Limits { return *t.limits.Load() },
	}
	c.limitFlags.apply(&config)
	c.lobbyFlags.apply(&config)
	c.serverPoolFlags.apply(&config)
	if certificates != nil {
		certificates.configure(&config)
		k.others = append(k.others, reloader{"certificate", certificates.load})
		defer certificates.keep(certificatePoll)()
	}
	if tokens != nil {
		tokens.configure(&config)
		k.others = append(k.others, reloader{"token keys", tokens.keys.Load})
		defer tokens.keep()()
	}
	if trail != nil {
		k.others = append(k.others, reloader{"audit trail", trail.load})
	}
	p := startBehind(doors, k, config, c.SchemaPoll)
	if err := p.watchBy(ctx, c.Console, w); err != nil {
		return errors.Join(err, p.close())
	}
	p.drain = c.Drain
	p.reconfigure = (&reconfigurer{reading: r, tuning: &t, proxy: p}).reconfigure
	return p.wait(ctx, signals)
}

// validate refuses what flags cannot mean together.
func (c serveCmd) validate() error {
	return errors.Join(c.listenFlags.validate(), c.limitFlags.validate(), c.freshnessFlags.validate(), c.memoryFlags.validate())
}

// open loads the first world. Unlike a reload, a failure here is final: there is nothing to go on with.
func (c serveCmd) open(ctx context.Context, log zerolog.Logger, t *tuning, w *watched) (*keeper, error) {
	upstream, err := c.upstreamFlags.openBy(c.dialing(log))
	if err != nil {
		return nil, err
	}
	warnOfVisible(log, "--upstream", c.Upstream, arguments())
	from, err := c.source()
	if err != nil {
		return nil, err
	}
	memory, err := c.memory()
	if err != nil {
		return nil, err
	}
	k := &keeper{source: from, upstream: upstream, log: log, manager: manager{log: log}, tuning: t, watched: w, memory: memory}
	if from.store != nil {
		k.fresh = newFreshness(c.freshnessFlags)
		warnOfVisible(log, "--store", c.Store, arguments())
	}
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	k.inspector = &inspector{upstream: upstream, log: log}
	found, err := k.inspector.first(ctx, k.world.Load().Snapshot)
	if err != nil {
		return nil, err
	}
	found = append(found, c.readableKey()...)
	return k, tell(log, upstream.User(), found, c.Strict)
}

// dialing is how the proxy connects to servers, and what it says when one does not answer.
func (c serveCmd) dialing(log zerolog.Logger) pgdial.Options {
	return pgdial.Options{Dial: c.dial(), AtOnce: int(c.MaxConnecting), Turned: func(host string, err error) {
		if err != nil {
			log.Error().Str("server", host).Err(err).Msg("the database server does not answer: logins are refused between attempts that become rarer")
			return
		}
		log.Info().Str("server", host).Msg("the database server answers again")
	}}
}
