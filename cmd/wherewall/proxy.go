package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/wherewall/wherewall/wire"
)

// proxy is a running server and the keeper of the world that it judges by. Who started it closes it.
type proxy struct {
	keeper *keeper
	server *wire.Server
	doors  []net.Listener
	reload chan struct{} // asks the keeper to load; holds one request, for two would do the same
	drain  time.Duration // what transactions get to end after the first signal; zero is no bound
	// reconfigure reads the configuration anew, where there is one that could have changed; else nil.
	reconfigure func()

	stop       context.CancelFunc // ends sessions and watching where they stand
	background sync.WaitGroup
	// stopConsole ends the console; nil where there is none.
	stopConsole context.CancelFunc
	ended       chan struct{} // closed when the server has ended
	err         error         // how it ended; read after ended
}

// startProxy listens, and serves and watches in the background: see startBehind.
func startProxy(k *keeper, listen string, c wire.Config, schemaPoll time.Duration) (*proxy, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return startBehind([]net.Listener{listener}, k, c, schemaPoll), nil
}

// startBehind serves and watches in the background. It owns the listeners. The keeper has loaded its first world; it gives c its upstream,
// world and log.
func startBehind(doors []net.Listener, k *keeper, c wire.Config, schemaPoll time.Duration) *proxy {
	c.Database, c.Connector, c.World, c.Log = k.upstream.Database(), wire.NewConnector(k.upstream), k.current, k.log
	server := wire.NewServer(c)
	ctx, stop := context.WithCancel(context.Background())
	p := &proxy{
		keeper: k, server: server, doors: doors, stop: stop,
		reload: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	p.background.Go(func() { k.watch(ctx, p.reload, schemaPoll) })
	if k.fresh != nil {
		p.background.Go(func() { (&follower{keeper: k, fresh: k.fresh}).follow(ctx) })
	}
	p.background.Go(func() {
		defer close(p.ended)
		p.err = server.Serve(ctx, doors...)
	})
	p.background.Go(func() { k.manager.watch(ctx, func() { server.Sessions() }) })
	for _, d := range doors {
		k.log.Info().Stringer("address", d.Addr()).Msg("listening")
	}
	k.manager.ready("serving clients")
	return p
}

// watchBy opens the console, unless it is off, and has it answer in the background. It ends with the proxy.
func (p *proxy) watchBy(ctx context.Context, address string, w *watched) error {
	s, err := openConsole(ctx, address, p, w)
	if s == nil || err != nil {
		return err
	}
	p.keeper.log.Info().Str("address", s.Address()).Msg("console listening")
	serving, stop := context.WithCancel(context.Background())
	p.stopConsole = stop
	p.background.Go(func() {
		if err := s.Serve(serving); err != nil {
			p.keeper.log.Error().Err(err).Msg("the console has ended")
		}
	})
	return nil
}

// address is where clients connect.
func (p *proxy) address() string { return p.doors[0].Addr().String() }

// wait serves until a signal or ctx ends it. SIGHUP reloads. SIGTERM and SIGINT let running transactions end, and when
// sent again end those too. The end of ctx ends everything at once.
func (p *proxy) wait(ctx context.Context, signals <-chan os.Signal) error {
	patience, lose := context.WithCancel(ctx)
	defer lose()
	draining := false
	for {
		select {
		case <-p.ended:
			return p.close()
		case <-ctx.Done():
			return p.close()
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				p.askToReload()
			case draining:
				p.keeper.log.Warn().Msg("second signal: ending all sessions")
				lose()
			default:
				draining = true
				p.beginDrain(s, patience)
			}
		}
	}
}

func (p *proxy) beginDrain(why os.Signal, patience context.Context) {
	sessions, within := p.server.Sessions(), p.drain
	p.keeper.log.Info().Stringer("signal", why).Dur("within", within).Int("sessions", sessions).
		Msg("draining: sessions end when their transactions do")
	p.keeper.manager.stopping(fmt.Sprintf("draining %d sessions", sessions))
	p.background.Go(func() { p.shutDown(patience, within) })
}

// shutDown lets transactions end for as long as the drain may take, and ends the rest.
func (p *proxy) shutDown(patience context.Context, within time.Duration) {
	if within > 0 {
		bounded, stop := context.WithTimeout(patience, within)
		defer stop()
		patience = bounded
	}
	if err := p.server.Shutdown(patience); err != nil { // which losing patience is the only cause of
		p.keeper.log.Warn().Err(err).Msg("some transactions did not end by themselves")
		return
	}
	p.keeper.log.Info().Msg("drained")
}

// askToReload begins a reload. Sessions that begin from now on have new server connections, since anything may have changed at the server, too. What the configuration says holds at once, the rest when it has been read.
func (p *proxy) askToReload() {
	if p.reconfigure != nil {
		p.reconfigure()
	}
	p.server.RenewServerConnections()
	select {
	case p.reload <- struct{}{}:
	default: // One is waiting already, and it will see what there is to see.
	}
}

// close ends what is still there and waits for everything that startProxy and wait began. It may be called again.
func (p *proxy) close() error {
	p.stop()
	if p.stopConsole != nil {
		p.stopConsole()
	}
	p.background.Wait()
	return p.err
}
