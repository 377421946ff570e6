package wire

import (
	"fmt"
	"strings"
	"time"

	"github.com/xdg-go/scram"
)

// wrongPassword is what everybody is told who has not proven to be the login: all failures of a password look the same.
func wrongPassword(login string) *failure {
	return &failure{state: statePassword, message: fmt.Sprintf("password authentication failed for user %q", login)}
}

// after notes, for the log alone, that the answer was held back because of what failed before.
func (f *failure) after(held time.Duration) *failure {
	if held > 0 {
		f.reason = fmt.Sprintf("%s, as others before; told after %s", f.message, held)
	}
	return f
}

// judged judges a password, in its turn where there are turns.
func (h *handshake) judged(verify func() bool) (right bool, held time.Duration, bad *failure) {
	if h.judge == nil {
		return verify(), 0, nil
	}
	return h.judge(verify)
}

// scramOffer lists the mechanisms of SCRAM for this connection. Both are offered inside TLS, as PostgreSQL does: a client that cannot bind
// takes the other.
func (h *handshake) scramOffer() []mechanism {
	if h.secured != nil && h.secured.by.Binds() {
		return []mechanism{mechSCRAMPlus, mechSCRAM}
	}
	return []mechanism{mechSCRAM}
}

// scram runs SCRAM-SHA-256 for a login name, after the client has chosen one of its mechanisms. verifier is the user's own, or empty for one
// who does not exist, has no password or may not come this way: the exchange then is the same and cannot succeed. It returns nil where the
// client knew the password.
func (h *handshake) scram(login, verifier string, chosen mechanism, first []byte) error {
	credentials := madeUp(h.secret, h.guise, login)
	genuine := false
	if own, err := parseVerifier(verifier); err == nil {
		credentials, genuine = own, true
	}
	conversation, err := h.conversation(credentials)
	if err != nil {
		return err
	}
	if err := h.scramFirst(conversation, chosen, string(first)); err != nil {
		return err
	}
	final, err := h.saslMessage()
	if err != nil {
		return err
	}
	answer := ""
	right, held, bad := h.judged(func() bool {
		answer, err = conversation.Step(string(final))
		return err == nil && genuine && conversation.Valid()
	})
	switch {
	case bad != nil:
		return bad
	case answer == scram.ErrChannelBindingsDontMatch:
		return mismatch(chosen)
	case !right:
		return wrongPassword(login).after(held)
	}
	h.hold(appendAuthentication(nil, authSASLFinal, []byte(answer)))
	return nil
}

// mismatch is a client's last message that binds to something else than it should: the certificate, or nothing.
func mismatch(chosen mechanism) *failure {
	if chosen != mechSCRAMPlus {
		return violation("unexpected SCRAM channel-binding attribute in client-final-message")
	}
	return &failure{state: stateAuthorization, message: "SCRAM channel binding check failed"}
}

// cutShort is as much of a client's word as PostgreSQL repeats.
func cutShort(word string) string {
	const longest = 30
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, word[:min(len(word), longest)])
}

// conversation begins one, bound to the connection where it can be.
func (h *handshake) conversation(credentials scram.StoredCredentials) (*scram.ServerConversation, error) {
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return credentials, nil })
	if err != nil {
		return nil, fmt.Errorf("starting SCRAM: %w", err)
	}
	if h.secured == nil {
		return server.NewConversation(), nil
	}
	return server.NewConversationWithChannelBinding(h.secured.by.binding), nil
}

// scramFirst answers the client's first message.
func (h *handshake) scramFirst(conversation *scram.ServerConversation, chosen mechanism, first string) error {
	if bad := h.checkBinding(chosen, first); bad != nil {
		return bad
	}
	answer, err := conversation.Step(first)
	if err != nil {
		return violation("malformed SCRAM message")
	}
	if conversation.AuthzID() != "" {
		return &failure{state: stateUnsupported, message: "client uses authorization identity, but it is not supported"}
	}
	return h.send(appendAuthentication(nil, authSASLContinue, []byte(answer)))
}

// checkBinding holds the client's word on channel binding (the gs2-cbind-flag of RFC 5802) against the mechanism that it chose. Somebody in
// between who takes the bound mechanism out of the offer makes an honest client say y, which is a lie where it was offered.
func (h *handshake) checkBinding(chosen mechanism, first string) *failure {
	const malformed = "malformed SCRAM message"
	flag := first[:min(len(first), 1)]
	offered := h.secured != nil && h.secured.by.Binds()
	switch {
	case flag == "p" && chosen != mechSCRAMPlus:
		return &failure{
			state: stateProtocol, message: malformed,
			detail: "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
		}
	case flag != "p" && chosen == mechSCRAMPlus:
		return &failure{
			state: stateProtocol, message: malformed,
			detail: "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
		}
	case flag == "p" && !strings.HasPrefix(first, "p=tls-server-end-point,"):
		name, _, _ := strings.Cut(strings.TrimPrefix(first, "p="), ",")
		return violation(fmt.Sprintf("unsupported SCRAM channel-binding type %q", cutShort(name)))
	case flag == "y" && offered:
		return &failure{
			state: stateAuthorization, message: "SCRAM channel binding negotiation error",
			detail: "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.",
		}
	default:
		return nil
	}
}
