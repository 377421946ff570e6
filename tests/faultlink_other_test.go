//go:build !linux

package tests

import (
	"errors"
	"net"
	"testing"
)

// lossyLink needs namespaces, which only Linux has.
type lossyLink struct {
	here   string
	counts noCounts
}

type noCounts struct{}

func (*noCounts) String() string { return "no link" }

func newLossyLink(testing.TB, uint64) (*lossyLink, error) { return nil, errors.ErrUnsupported }

func (*lossyLink) dialFromThere(string) (net.Conn, error) { return nil, errors.ErrUnsupported }

func (*lossyLink) listenThere() (net.Listener, error) { return nil, errors.ErrUnsupported }
