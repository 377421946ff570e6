package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/xdg-go/scram"
)

const mechanism = "SCRAM-SHA-256"

// authenticate runs SCRAM-SHA-256 for a login name. verifier is the user's own, or empty for one who does not exist or has
// no password: the exchange then is the same and cannot succeed. It returns nil where the client knew the password.
func (h *handshake) authenticate(login, verifier string) error {
	wrong := &failure{state: statePassword, message: fmt.Sprintf("password authentication failed for user %q", login)}
	credentials := madeUp(h.secret, h.guise, login)
	genuine := false
	if own, err := parseVerifier(verifier); err == nil {
		credentials, genuine = own, true
	}
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return credentials, nil })
	if err != nil {
		return fmt.Errorf("starting SCRAM: %w", err)
	}
	conversation := server.NewConversation()
	if err := h.scramFirst(conversation); err != nil {
		return err
	}
	final, err := h.saslMessage()
	if err != nil {
		return err
	}
	answer, err := conversation.Step(string(final))
	if err != nil || !genuine || !conversation.Valid() {
		return wrong
	}
	return h.send(appendAuthentication(nil, authSASLFinal, []byte(answer)))
}

// scramFirst offers the mechanism and answers the client's first message.
func (h *handshake) scramFirst(conversation *scram.ServerConversation) error {
	offer := append([]byte(mechanism), 0, 0)
	if err := h.send(appendAuthentication(nil, authSASL, offer)); err != nil {
		return err
	}
	message, err := h.saslMessage()
	if err != nil {
		return err
	}
	first, bad := initialResponse(message)
	if bad != nil {
		return bad
	}
	answer, err := conversation.Step(string(first))
	if err != nil {
		return violation("malformed SCRAM message")
	}
	if conversation.AuthzID() != "" {
		return &failure{state: stateUnsupported, message: "client uses authorization identity, but it is not supported"}
	}
	return h.send(appendAuthentication(nil, authSASLContinue, []byte(answer)))
}

// initialResponse takes a SASLInitialResponse apart.
func initialResponse(body []byte) ([]byte, *failure) {
	name, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(rest) < 4 {
		return nil, violation(invalidFormat)
	}
	if string(name) != mechanism {
		return nil, violation("client selected an invalid SASL authentication mechanism")
	}
	size := int32(binary.BigEndian.Uint32(rest))
	if size < 0 || int(size) != len(rest)-4 {
		return nil, violation(invalidFormat)
	}
	return rest[4:], nil
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
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

func appendAuthentication(dst []byte, kind uint32, data []byte) []byte {
	return appendMessage(dst, 'R', func(b []byte) []byte {
		return append(binary.BigEndian.AppendUint32(b, kind), data...)
	})
}
