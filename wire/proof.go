package wire

import (
	"context"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/plan"
)

// claimant is a login that somebody has still to prove.
type claimant struct {
	login string
	// user is whose proof counts. nil: nobody's does, as there is no such user, or it may not come over this connection. The exchange is
	// the same then, and cannot succeed.
	user *catalog.User
	// way is what the client asked to be asked for; zero for nothing.
	way Auth
}

// prove authenticates the login name, and says who came. It ends with AuthenticationOk.
func (s *Server) prove(ctx context.Context, h *handshake, world *World, asked *startup) (identity, error) {
	said, err := s.proof(ctx, h, world, asked)
	if err != nil {
		return identity{}, err
	}
	who := identity{login: asked.user, tenant: asked.tenant, token: said}
	if said != nil && who.tenant == "" {
		who.tenant = said.Tenant
	}
	h.hold(appendAuthentication(nil, authOK, nil)) // It leaves with what comes of the login.
	return who, nil
}

// proof is the exchange that a login needs before it is accepted, and the token that it was proven by. A certificate that suffices needs none.
func (s *Server) proof(ctx context.Context, h *handshake, world *World, asked *startup) (*token.Identity, error) {
	auth := s.config.Auth
	user := loginUser(world, asked.user)
	owner := user != nil && h.secured.owns(user.Name)
	switch {
	case auth == AuthTrust && s.config.ClientCertificate == CertificateOfUser && !owner:
		return nil, h.wrongCertificate(asked.user)
	case auth == AuthTrust:
		h.method = methodOf(AuthTrust, "")
		return nil, nil
	case auth.has(AuthCertificate) && owner:
		h.method = methodOf(AuthCertificate, "")
		return nil, nil
	case auth == AuthCertificate:
		return nil, h.wrongCertificate(asked.user)
	}
	h.guise = s.guise(world)
	guesses := newGuesser(h.conn.RemoteAddr(), h.guessed(user, asked.user))
	if s.config.ClientCertificate == CertificateOfUser && !owner {
		user = nil
	}
	h.judge = func(verify func() bool) (bool, time.Duration, *failure) {
		return s.throttle.judge(ctx, guesses, verify)
	}
	return s.exchange(ctx, h, claimant{login: asked.user, user: user, way: asked.way})
}

// guessed is the name that guesses at a login's password are counted by: whatever tenant a login names, it is the user's. For those who
// have no password it is what their made-up verifier goes by.
func (h *handshake) guessed(user *catalog.User, login string) string {
	if user != nil && user.Password != "" {
		return user.Name
	}
	return h.guise.user(h.secret, login)
}

// exchange asks for the proof in the way that is open to the claimant.
func (s *Server) exchange(ctx context.Context, h *handshake, c claimant) (*token.Identity, error) {
	ways, bad := s.ways(h, c)
	if bad != nil {
		return nil, bad
	}
	if ways == AuthToken {
		h.method = methodOf(AuthToken, "")
		return s.cleartextToken(ctx, h, c)
	}
	chosen, first, err := h.sasl(h.offer(ways))
	if err != nil {
		return nil, err
	}
	h.method = methodOf(0, chosen)
	switch chosen {
	case mechSCRAM, mechSCRAMPlus:
		return nil, h.scram(c.login, c.verifier(), chosen, first)
	case mechOAuth:
		return s.bearerToken(ctx, h, c, first)
	default:
		return nil, violation("client selected an invalid SASL authentication mechanism")
	}
}

// ways are those in which the claimant is asked for the proof: AuthToken alone, or mechanisms of SASL. Who has a password is asked for it,
// and others for a token; of those who do not exist some seem to have one.
func (s *Server) ways(h *handshake, c claimant) (Auth, *failure) {
	open := s.config.Auth & (AuthSCRAM | AuthToken | AuthOAuth)
	if !h.private() {
		// A token is as good as a password, and would pass in the clear.
		open &^= AuthToken | AuthOAuth
	}
	if open == 0 {
		return 0, &failure{state: stateAuthorization, message: "tokens are not taken without encryption", hint: "Connect with TLS: sslmode=require or stricter."}
	}
	if c.way != 0 {
		if !open.has(c.way) {
			return 0, &failure{
				state: stateAuthorization, message: "this connection cannot log in by the way that " + authSetting + " asks for",
				hint: "Leave " + authSetting + " out, or connect with TLS if you have not.",
			}
		}
		return c.way, nil
	}
	known := h.guise.hasPassword(h.secret, c.login)
	if c.user != nil {
		_, err := parseVerifier(c.user.Password)
		known = err == nil
	}
	switch {
	case open.has(AuthSCRAM) && known:
		return open & (AuthSCRAM | AuthOAuth), nil
	case open.has(AuthToken):
		return AuthToken, nil
	case open.has(AuthOAuth):
		return AuthOAuth, nil
	default:
		return AuthSCRAM, nil
	}
}

// offer lists the mechanisms of ways. Clients take the first that they know, and those who know passwords try them first, too.
func (h *handshake) offer(ways Auth) []mechanism {
	var offer []mechanism
	if ways.has(AuthSCRAM) {
		offer = h.scramOffer()
	}
	if ways.has(AuthOAuth) {
		offer = append(offer, mechOAuth)
	}
	return offer
}

// private says whether nobody between the client and us can read along.
func (h *handshake) private() bool { return h.secured != nil || loopback(h.conn.RemoteAddr()) }

func (c claimant) verifier() string {
	if c.user == nil {
		return ""
	}
	return c.user.Password
}

// loginUser is the user that a login names; nil for none.
func loginUser(world *World, login string) *catalog.User {
	if world == nil {
		return nil
	}
	user, _ := plan.Login(world.Snapshot, login)
	return user
}
