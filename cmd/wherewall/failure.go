package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// Exit codes, which scripts rely on.
const (
	exitDone    = 0
	exitFailed  = 1 // the command could not do its work, or found errors
	exitUsage   = 2 // the command line, the environment or the configuration file is wrong
	exitRefused = 3 // rewrite: the policy refuses the statement
)

// exitError ends the process with a code of its own. A nil cause was already told to the user.
type exitError struct {
	code  int
	cause error
	hint  string
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

// usage marks an error as the caller's.
func usage(err error) *exitError {
	return &exitError{code: exitUsage, cause: err, hint: "see wherewall --help"}
}

// hinted adds what to do about an error.
func hinted(err error, hint string) error {
	return &exitError{code: exitFailed, cause: err, hint: hint}
}

// told is a failure that the command has reported itself.
func told(code int) error { return &exitError{code: code} }

// report tells the user of an error and what to do about it, and returns the exit code.
func report(std *streams, err error) int {
	if err == nil {
		return exitDone
	}
	code, hint := exitFailed, hintFor(err)
	var e *exitError
	if errors.As(err, &e) {
		if e.cause == nil {
			return e.code
		}
		code = e.code
		if e.hint != "" {
			hint = e.hint
		}
	}
	fmt.Fprintf(std.err, "wherewall: %v\n", err)
	if hint != "" {
		fmt.Fprintf(std.err, "hint: %s\n", hint)
	}
	return code
}

// hintFor knows what to do about errors that come from below.
func hintFor(err error) string {
	var connect *pgconn.ConnectError
	var listen *net.OpError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another process listens there; choose an address with --listen"
	case errors.Is(err, syscall.EACCES) && errors.As(err, &listen) && listen.Op == "listen":
		return "ports below 1024 need a privilege; choose another with --listen"
	case errors.Is(err, pgtemp.ErrNoServer):
		return pgtemp.Advice
	case errors.As(err, &connect) && strings.Contains(err.Error(), `"!password" failed`):
		return "the server asks for the password in the clear: have it prove who it is (sslmode=verify-full sslrootcert=FILE), or allow it by require_auth=password"
	case errors.As(err, &connect):
		return "is PostgreSQL running there, and are the host, the login and the password in --upstream right?"
	case errors.Is(err, fs.ErrNotExist):
		return "the path is relative to the current directory"
	default:
		return ""
	}
}
