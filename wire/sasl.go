package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// mechanism is a SASL mechanism, by its registered name.
type mechanism string

const (
	mechSCRAM     mechanism = "SCRAM-SHA-256"
	mechSCRAMPlus mechanism = "SCRAM-SHA-256-PLUS" // bound to the TLS connection
	mechOAuth     mechanism = "OAUTHBEARER"        // RFC 7628
)

// sasl offers mechanisms, the best first, and returns the one that the client chose with its first message. PostgreSQL lets a client
// choose without saying anything yet, and asks again.
func (h *handshake) sasl(offer []mechanism) (mechanism, []byte, error) {
	var names []byte
	for _, m := range offer {
		names = appendString(names, string(m))
	}
	if err := h.send(appendAuthentication(nil, authSASL, append(names, 0))); err != nil {
		return "", nil, err
	}
	message, err := h.saslMessage()
	if err != nil {
		return "", nil, err
	}
	chosen, first, bad := initialResponse(message)
	if bad != nil {
		return "", nil, bad
	}
	if !slices.Contains(offer, chosen) {
		return "", nil, violation("client selected an invalid SASL authentication mechanism")
	}
	if first != nil {
		return chosen, first, nil
	}
	if err := h.send(appendAuthentication(nil, authSASLContinue, nil)); err != nil {
		return "", nil, err
	}
	first, err = h.saslMessage()
	return chosen, first, err
}

// initialResponse takes a SASLInitialResponse apart. The data is nil where the client has sent none.
func initialResponse(body []byte) (mechanism, []byte, *failure) {
	name, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 4 {
		return "", nil, violation(invalidFormat)
	}
	size, data := int32(binary.BigEndian.Uint32(rest)), rest[4:]
	switch {
	case size == -1 && len(data) == 0:
		return mechanism(name), nil, nil
	case size < 0 || int(size) != len(data):
		return "", nil, violation(invalidFormat)
	default:
		return mechanism(name), data, nil
	}
}

// saslMessage reads a `p` message. Nothing else may come from a client that is not authenticated.
func (h *handshake) saslMessage() ([]byte, error) {
	f, err := h.in.header()
	if err != nil {
		return nil, fmt.Errorf("reading a SASL message: %w", err)
	}
	if f.kind != 'p' {
		return nil, violation(fmt.Sprintf("expected SASL response, got message type %d", f.kind))
	}
	if f.size > maxAuthMessage {
		return nil, violation("invalid message length")
	}
	body, err := h.in.whole(f)
	if err != nil {
		return nil, fmt.Errorf("reading a SASL message: %w", err)
	}
	return bytes.Clone(body), nil
}

// The kinds of Authentication messages.
const (
	authOK           = 0
	authCleartext    = 3
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

func appendAuthentication(dst []byte, kind uint32, data []byte) []byte {
	return appendMessage(dst, 'R', func(b []byte) []byte {
		return append(binary.BigEndian.AppendUint32(b, kind), data...)
	})
}
