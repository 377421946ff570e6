package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
)

// startHelper starts this command again as something else: a raw relay (-relay) or a scripted server (-peer) before a port of 127.0.0.1. Being
// processes of their own, they can be measured as the others are.
func startHelper(ctx context.Context, as string, port int) (*process, int, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, fmt.Errorf("finding this program: %w", err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, 0, fmt.Errorf("starting %s: %w", as, err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, self, as, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	cmd.ExtraFiles = []*os.File{in}
	p, err := begin(cmd)
	_ = in.Close() // The child has its own.
	if err != nil {
		return nil, 0, err
	}
	var ours int
	if _, err := fmt.Fscan(out, &ours); err != nil {
		p.stop()
		return nil, 0, fmt.Errorf("starting %s: %w: %s", as, err, p.said())
	}
	return p, ours, nil
}

// serveHelper listens, tells the parent where, and hands every connection to handle.
func serveHelper(ctx context.Context, handle func(net.Conn)) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	parent := os.NewFile(3, "parent")
	if _, err := fmt.Fprintln(parent, l.Addr().(*net.TCPAddr).Port); err != nil {
		return fmt.Errorf("telling the port: %w", err)
	}
	if err := parent.Close(); err != nil {
		return fmt.Errorf("telling the port: %w", err)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accepting: %w", err)
		}
		go handle(conn)
	}
}

// join copies between two connections, until either ends. It is the least that a proxy in Go can do: two goroutines, and io.Copy, which leaves
// the bytes in the kernel.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // However one way ends, the other has nobody to talk to.
			_, _ = a.Close(), b.Close()
		})
	}
	both.Wait()
}

// relayTo is the floor: bytes from one socket to another.
func relayTo(address string) func(net.Conn) {
	return func(client net.Conn) {
		server, err := net.Dial("tcp", address)
		if err != nil {
			_ = client.Close()
			return
		}
		join(client, server)
	}
}
