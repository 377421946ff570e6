package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/wire"
)

// profiles runs loads against a proxy in this process, which does nothing else then (pgbench and PostgreSQL are processes of their own), and
// writes what Go's profilers see. The product itself has no door for a profiler.
func (l *lab) profiles(ctx context.Context) (err error) {
	if err := os.MkdirAll(l.profile, 0o755); err != nil {
		return fmt.Errorf("making a folder for profiles: %w", err)
	}
	wall, stop, err := l.inside(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, w := range l.works() {
		if err := l.profileOf(ctx, w, wall); err != nil {
			return fmt.Errorf("profiling %s: %w", w, err)
		}
	}
	return l.systemCalls(ctx)
}

// inside starts the proxy in this process.
func (l *lab) inside(ctx context.Context) (*rival, func() error, error) {
	file := filepath.Join(l.dir, "inside.yaml")
	if err := os.WriteFile(file, []byte(l.db.policy()), 0o600); err != nil {
		return nil, nil, fmt.Errorf("writing the policy: %w", err)
	}
	snapshot, err := l.db.snapshot(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	upstream, err := pgconn.ParseConfig(address(service, servicePassword, databasePlain, l.db.server.Port))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the service login: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("listening: %w", err)
	}
	world := wire.NewWorld(snapshot)
	server := wire.NewServer(wire.Config{Upstream: upstream, World: func() *wire.World { return world }, Log: zerolog.Nop()})
	served := make(chan error, 1)
	go func() { served <- server.Serve(context.WithoutCancel(ctx), listener) }()
	r := &rival{name: wherewall, port: listener.Addr().(*net.TCPAddr).Port, user: user, database: databasePlain, filtered: true}
	return r, func() error { return errors.Join(server.Shutdown(context.WithoutCancel(ctx)), <-served) }, nil
}

// profileOf runs a work twice, since the profilers of locks slow down what the profiler of the processor sees.
func (l *lab) profileOf(ctx context.Context, w work, wall *rival) error {
	var began runtime.MemStats
	path := func(kind string) string {
		return filepath.Join(l.profile, fmt.Sprintf("%s-%d.%s.pprof", w.kind, w.clients, kind))
	}
	cpu, err := os.Create(path("cpu"))
	if err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return fmt.Errorf("starting a profile: %w", err)
	}
	runtime.ReadMemStats(&began)
	s, err := w.load.measure(ctx, wall, w.clients, l.length())
	pprof.StopCPUProfile()
	if err := errors.Join(err, cpu.Close()); err != nil {
		return err
	}
	var ended runtime.MemStats
	runtime.ReadMemStats(&ended)
	perUnit := float64(ended.Mallocs-began.Mallocs) / (s.rate * l.seconds)
	fmt.Printf("%s: %.0f %s/s, about %.2f allocations for each, logins among them\n", w, s.rate, w.unit, perUnit)

	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	_, err = w.load.measure(ctx, wall, w.clients, l.length())
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(0)
	if err != nil {
		return err
	}
	for _, kind := range []string{"allocs", "block", "mutex"} {
		if err := writeProfile(kind, path(kind)); err != nil {
			return err
		}
	}
	for _, kind := range []string{"cpu", "allocs", "block", "mutex"} {
		if err := showProfile(ctx, kind, path(kind)); err != nil {
			return err
		}
	}
	return nil
}

func writeProfile(kind, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	if err := errors.Join(pprof.Lookup(kind).WriteTo(f, 0), f.Close()); err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	return nil
}

// showProfile prints the first lines of a profile.
func showProfile(ctx context.Context, kind, path string) error {
	index := map[string]string{"cpu": "cpu", "allocs": "alloc_objects", "block": "delay", "mutex": "contentions"}[kind]
	focus := "-focus=wherewall/(wire|rewrite|plan|internal)"
	if kind == "cpu" {
		focus = "-focus=." // The scheduler's time belongs to the proxy, too.
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=25", "-sample_index="+index,
		focus, path).CombinedOutput() // This command's own doings aside.
	if err != nil {
		return fmt.Errorf("showing a profile: %w: %s", err, out)
	}
	fmt.Printf("\n%s, by %s\n%s\n", filepath.Base(path), index, out)
	return nil
}
