package main

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/wherewall/wherewall/wire"
)

// inherited are the listening sockets that a service manager has opened for this process: see sd_listen_fds(3). None is the usual case. The
// manager keeps them open while the process is replaced, so nobody who connects in between is refused.
func inherited() (_ []net.Listener, err error) {
	var listeners []net.Listener
	defer func() {
		if err != nil {
			closeAll(listeners)
		}
	}()
	for _, file := range activation.Files(true) {
		if file.Name() == "console" {
			return nil, fmt.Errorf("the inherited socket %s: this release has no console yet", file.Name())
		}
		l, err := net.FileListener(file)
		_ = file.Close() // the listener has a descriptor of its own
		if err != nil {
			return nil, fmt.Errorf("the inherited socket %s does not listen for streams: %w", file.Name(), err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// listen opens the addresses for clients, unless there are inherited sockets. Where nobody proves who he is, a Unix socket is for this account alone.
func listen(addresses string, auth wire.Auth) (_ []net.Listener, err error) {
	listeners, err := inherited()
	if err != nil || len(listeners) > 0 {
		return listeners, err
	}
	defer func() {
		if err != nil {
			closeAll(listeners)
		}
	}()
	all, err := parseAddresses(addresses)
	if err != nil {
		return nil, err
	}
	mode := everybodyHere
	if auth == wire.AuthTrust {
		mode = ownAccount
	}
	for _, a := range all {
		l, err := a.open(mode)
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
