package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// handshake is the part of a connection before its session: who is there, and is it true. It only moves forward: one
// startup packet, one identity, fixed before the first authentication message.
type handshake struct {
	conn   net.Conn // inside TLS once there is any
	in     *inbound // of conn
	loans  *buffers
	secret []byte // keys the made-up verifiers
	guise  guise  // of theirs

	held []byte // for the client, to leave with the next message
	// judge waits for the turn of whoever logs in, and judges; see throttle. nil: at once.
	judge func(verify func() bool) (right bool, held time.Duration, bad *failure)

	encryption Encryption
	tls        func() *TLS
	secured    *secured // nil outside TLS

	asked  *startup // by the client; nil before it has
	method string   // by which it proves who it is; empty before that is known
}

// errSilent ends a connection that gets no answer: garbage, scanners, and clients that went away.
var errSilent = errors.New("connection closed without an answer")

// opening is what a connection turned out to want: a session or a cancel.
type opening struct {
	startup *startup
	cancel  *cancelRequest
}

// open answers encryption requests and returns the opening. Each kind of encryption may be asked for once, in any order, and none
// inside another.
func (h *handshake) open() (*opening, error) {
	if err := h.direct(); err != nil {
		return nil, err
	}
	direct, askedSSL, askedGSS := h.secured != nil, false, false
	for {
		packet, err := h.packet()
		if err != nil {
			return nil, err
		}
		code := uint32(0)
		if len(packet) >= 4 {
			code = binary.BigEndian.Uint32(packet)
		}
		switch {
		case code == codeCancel:
			c, ok := parseCancel(packet[4:])
			if !ok {
				return nil, errSilent
			}
			return &opening{cancel: c}, nil
		case code == codeSSL && !askedSSL && len(packet) == 4:
			err = h.answerSSL()
			askedSSL, askedGSS = true, askedGSS || h.secured != nil && !direct
		case code == codeGSS && !askedGSS && len(packet) == 4:
			askedGSS = true
			err = h.decline()
		default:
			s, bad := parseStartup(packet)
			if bad != nil {
				return nil, bad
			}
			return &opening{startup: s}, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// decline says that there is no such encryption.
func (h *handshake) decline() error { return h.answer('N') }

// answer answers an encryption request. A client that has already sent more did not wait for the answer: what follows may have
// been put there by somebody else.
func (h *handshake) answer(answer byte) error {
	if h.in.buffered() > 0 {
		return fmt.Errorf("bytes behind an encryption request: %w", errSilent)
	}
	return h.send([]byte{answer})
}

// packet reads a startup packet and returns its body, borrowed.
func (h *handshake) packet() ([]byte, error) {
	if err := h.in.fill(4); err != nil {
		return nil, fmt.Errorf("reading startup packet: %w", err)
	}
	length := binary.BigEndian.Uint32(h.in.bytes())
	if length < 8 || length > maxStartupPacket {
		return nil, fmt.Errorf("startup packet of %d bytes: %w", length, errSilent)
	}
	if err := h.in.fill(int(length)); err != nil {
		return nil, fmt.Errorf("reading startup packet: %w", err)
	}
	body := h.in.bytes()[4:length]
	h.in.skip(int(length))
	return body, nil
}

func (h *handshake) send(b []byte) error {
	b = append(h.held, b...)
	h.held = nil
	if _, err := h.conn.Write(b); err != nil {
		return fmt.Errorf("writing to a client that logs in: %w", err)
	}
	return nil
}

// hold keeps what the client need not answer until the next message is sent, so that they leave together.
func (h *handshake) hold(b []byte) { h.held = append(h.held, b...) }

// negotiate tells a client what of its startup packet was not understood.
func (h *handshake) negotiate(s *startup) error {
	if !s.negotiates() {
		return nil
	}
	return h.send(appendMessage(nil, 'v', func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(b, s.speaks())
		b = binary.BigEndian.AppendUint32(b, uint32(len(s.extensions)))
		for _, name := range s.extensions {
			b = appendString(b, name)
		}
		return b
	}))
}
