package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// address is where clients come in: host:port, or the path of a Unix socket.
type address struct {
	network string // tcp or unix
	at      string
}

// Who may connect to a Unix socket: everybody on this machine, as with PostgreSQL's own, or the proxy's account alone.
const (
	everybodyHere fs.FileMode = 0o777
	ownAccount    fs.FileMode = 0o700
)

// maxSocketPath is the longest path that a socket can have, in bytes (unix(7), less the zero at its end).
const maxSocketPath = 107

// parseAddresses reads --listen: host:port, or unix: and the path of a socket, or several of them apart by commas.
func parseAddresses(text string) ([]address, error) {
	var all []address
	for one := range strings.SplitSeq(text, ",") {
		a, err := parseAddress(strings.TrimSpace(one))
		if err != nil {
			return nil, usage(fmt.Errorf("--listen %s: %w", one, err))
		}
		all = append(all, a)
	}
	return all, nil
}

func parseAddress(text string) (address, error) {
	path, isSocket := strings.CutPrefix(text, "unix:")
	if !isSocket {
		if _, _, err := net.SplitHostPort(text); err != nil {
			return address{}, fmt.Errorf("host:port, or unix: and the path of a socket, is expected: %w", err)
		}
		return address{network: "tcp", at: text}, nil
	}
	switch {
	case !filepath.IsAbs(path):
		return address{}, errors.New("the path behind unix: has to begin with /")
	case !regexp.MustCompile(`^\.s\.PGSQL\.[1-9][0-9]{0,4}$`).MatchString(filepath.Base(path)):
		// A client is told the folder and the port, and makes the name of them.
		return address{}, errors.New("clients find a socket by the name .s.PGSQL.PORT alone, as in unix:/run/wherewall/.s.PGSQL.6432")
	case len(path) > maxSocketPath:
		return address{}, fmt.Errorf("a socket's path may have %d bytes", maxSocketPath)
	default:
		return address{network: "unix", at: path}, nil
	}
}

// onlyHere says whether an address can be reached from this machine alone.
func (a address) onlyHere() bool { return a.network == "unix" || onlyHere(a.at) }

// allHere says whether all addresses of --listen can be reached from this machine alone.
func allHere(listen string) bool {
	all, err := parseAddresses(listen)
	for _, a := range all {
		if !a.onlyHere() {
			return false
		}
	}
	return err == nil
}

// open listens. mode is who may connect to a Unix socket.
func (a address) open(mode fs.FileMode) (net.Listener, error) {
	if a.network == "unix" {
		if err := removeDead(a.at); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen(a.network, a.at)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if a.network == "unix" {
		// Until then it is the account's own, by every umask that takes writing from others.
		if err := os.Chmod(a.at, mode); err != nil {
			_ = l.Close()
			return nil, fmt.Errorf("listening: %w", err)
		}
	}
	return l, nil
}

// removeDead takes away the socket of a process that has ended without doing so. One at which somebody answers stays, and so does what is no socket.
func removeDead(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("listening: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("listening: %s is there and is no socket", path)
	}
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("listening: somebody serves at %s already", path)
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("listening: looking whether somebody serves there already: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	return nil
}
