package wire

import (
	"context"
	"fmt"

	"github.com/wherewall/wherewall/internal/token"
)

// cleartextToken takes a token in the place of a password. Clients of any age can say one so.
func (s *Server) cleartextToken(ctx context.Context, h *handshake, c claimant) (*token.Identity, error) {
	if err := h.send(appendAuthentication(nil, authCleartext, nil)); err != nil {
		return nil, err
	}
	message, err := h.saslMessage()
	if err != nil {
		return nil, err
	}
	said, ok := text(message)
	if !ok {
		return nil, violation("invalid password packet size")
	}
	if said == "" {
		return nil, &failure{state: statePassword, message: "empty password returned by client"}
	}
	id, err := s.verify(ctx, c, said)
	if err != nil {
		wrong := wrongPassword(c.login)
		wrong.reason = err.Error()
		return nil, wrong
	}
	return id, nil
}

// verify says what a token says of a claimant, if it is good and the claimant's. It does the same work for those who do not exist.
func (s *Server) verify(ctx context.Context, c claimant, text string) (*token.Identity, error) {
	id, err := s.config.Tokens.Verify(text)
	if token.Unknown(err) {
		// The issuer may sign with a new key since we asked last. Here is somebody who can wait, for as long as a login may take.
		s.config.Tokens.Await(ctx)
		id, err = s.config.Tokens.Verify(text)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the token is not good: %w", err)
	case c.user == nil:
		return nil, fmt.Errorf("there is no user of this login who may come so: the token is %q's", printable(id.User))
	case c.user.Name != id.User:
		return nil, fmt.Errorf("the token is %q's", printable(id.User))
	default:
		return id, nil
	}
}
