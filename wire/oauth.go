package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/wherewall/wherewall/internal/token"
)

// OAuth is what a client is told that comes without a good token, so that it can get one.
type OAuth struct {
	// Issuer is the URL of who issues tokens, below which its configuration is found (OpenID Connect Discovery, 4).
	Issuer string
	// Scope is what a client has to ask the issuer for, separated by blanks.
	Scope string
}

// kvsep stands around the pairs of a message of OAUTHBEARER.
const kvsep = '\x01'

// bearerToken goes on after the client has chosen OAUTHBEARER. RFC 7628 has a client that is refused told where to get a token, and PostgreSQL's
// own comes without one first, to ask for that.
func (s *Server) bearerToken(ctx context.Context, h *handshake, c claimant, first []byte) (*token.Identity, error) {
	said, bad := bearerMessage(first)
	if bad != nil {
		return nil, bad
	}
	text, err := bearer(said)
	if err == nil {
		id, wrong := s.verify(ctx, c, text)
		if wrong == nil {
			return id, nil
		}
		err = wrong
	}
	if err := h.send(appendAuthentication(nil, authSASLContinue, s.config.OAuth.challenge())); err != nil {
		return nil, err
	}
	last, readErr := h.saslMessage()
	if readErr != nil {
		return nil, readErr
	}
	if !bytes.Equal(last, []byte{kvsep}) {
		return nil, malformedOAuth("Client did not send a kvsep response.")
	}
	return nil, &failure{
		state: stateAuthorization, message: fmt.Sprintf("OAuth bearer authentication failed for user %q", c.login), reason: err.Error(),
	}
}

// challenge is the answer to a token that is not good (RFC 7628, 3.2.2). It is the same whatever is wrong with it.
func (o OAuth) challenge() []byte {
	discovery := o.Issuer
	if !strings.Contains(discovery, "/.well-known/") {
		// As it is, without a look at slashes: a client holds it against the issuer's own spelling.
		discovery += "/.well-known/openid-configuration"
	}
	text, _ := json.Marshal(struct { // texts never fail
		Status    string `json:"status"`
		Discovery string `json:"openid-configuration"`
		Scope     string `json:"scope"`
	}{"invalid_token", discovery, o.Scope})
	return text
}

func malformedOAuth(detail string) *failure {
	return &failure{state: stateProtocol, message: "malformed OAUTHBEARER message", detail: detail}
}

// bearerMessage takes the value of auth out of a client's first message (RFC 7628, 3.1): a GS2 header, and pairs.
func bearerMessage(message []byte) (string, *failure) {
	m := string(message)
	if m == "" {
		return "", malformedOAuth("The message is empty.")
	}
	if strings.ContainsRune(m, 0) {
		return "", malformedOAuth("Message length does not match input length.")
	}
	flag, rest, ok := strings.Cut(m, ",")
	switch {
	case strings.HasPrefix(flag, "p"):
		return "", malformedOAuth("The server does not support channel binding for OAuth, but the client message includes channel binding data.")
	case !ok || flag != "n" && flag != "y":
		return "", malformedOAuth("Unexpected channel-binding flag.")
	case strings.HasPrefix(rest, "a"):
		return "", &failure{state: stateUnsupported, message: "client uses authorization identity, but it is not supported"}
	}
	pairs, ok := strings.CutPrefix(rest, ","+string(kvsep))
	if !ok {
		return "", malformedOAuth("Unexpected attribute in client-first-message.")
	}
	return authPair(pairs)
}

// authPair finds the value of auth among pairs, each of which ends with kvsep, as their list does.
func authPair(pairs string) (string, *failure) {
	auth, found := "", false
	for {
		pair, rest, ok := strings.Cut(pairs, string(kvsep))
		if !ok {
			return "", malformedOAuth("Message did not contain a final terminator.")
		}
		if pair == "" {
			if rest != "" {
				return "", malformedOAuth("Message contains additional data after the final terminator.")
			}
			break
		}
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			return "", malformedOAuth("Message contains a key without a value.")
		case key == "" || strings.ContainsFunc(key, notLetter):
			return "", malformedOAuth("Message contains an invalid key name.")
		case strings.ContainsFunc(value, notText):
			return "", malformedOAuth("Message contains an invalid value.")
		case key == "auth" && found:
			return "", malformedOAuth("Message contains multiple auth values.")
		case key == "auth":
			auth, found = value, true
		}
		pairs = rest
	}
	if !found {
		return "", malformedOAuth("Message does not contain an auth value.")
	}
	return auth, nil
}

func notLetter(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' }

// notText says what a value may not hold: all but visible ASCII, blanks, tabs and line ends.
func notText(r rune) bool { return (r < ' ' || r > '~') && r != '\t' && r != '\r' && r != '\n' }

// bearer is the token in a value of auth (RFC 6750, 2.1). Without one a client asks where to get it.
func bearer(auth string) (string, error) {
	const scheme = "Bearer "
	if auth == "" {
		return "", errors.New("the client has no token yet and asked where to get one")
	}
	if len(auth) < len(scheme) || !strings.EqualFold(auth[:len(scheme)], scheme) {
		return "", errors.New("the client comes with another scheme than Bearer")
	}
	text := strings.TrimLeft(auth[len(scheme):], " ")
	if text == "" {
		return "", errors.New("the client comes with an empty token")
	}
	return text, nil
}
