package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/rewrite"
)

// What verifiers look like when PostgreSQL makes them. Made-up ones must look the same.
const (
	defaultIterations = 4096
	maxIterations     = 1 << 20 // a verifier that asks more of its client is a mistake
	saltSize          = 16
)

var errVerifier = errors.New("not a SCRAM-SHA-256 verifier")

// parseVerifier reads SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, the form of pg_authid.
func parseVerifier(verifier string) (scram.StoredCredentials, error) {
	rest, ok := strings.CutPrefix(verifier, "SCRAM-SHA-256$")
	if !ok {
		return scram.StoredCredentials{}, errVerifier
	}
	factors, keys, _ := strings.Cut(rest, "$")
	count, salt64, _ := strings.Cut(factors, ":")
	stored64, server64, _ := strings.Cut(keys, ":")
	iterations, err := strconv.Atoi(count)
	if err != nil || iterations < 1 || iterations > maxIterations {
		return scram.StoredCredentials{}, errVerifier
	}
	salt, err := base64.StdEncoding.DecodeString(salt64)
	stored, err2 := base64.StdEncoding.DecodeString(stored64)
	server, err3 := base64.StdEncoding.DecodeString(server64)
	if errors.Join(err, err2, err3) != nil || len(salt) == 0 || len(stored) != sha256.Size || len(server) != sha256.Size {
		return scram.StoredCredentials{}, errVerifier
	}
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(salt), Iters: iterations},
		StoredKey:  stored,
		ServerKey:  server,
	}, nil
}

// factors are what a verifier tells of itself; zero numbers are PostgreSQL's defaults.
type factors struct{ iterations, salt int }

// guise is what made-up users must look like to pass for a policy's own.
type guise struct {
	factors
	// passwords is how many of the users have one, of 256: as many of the made-up ones seem to.
	passwords int
	// domains are what stands behind the @ of users whose names have one. In other login names it separates a tenant.
	domains map[string]bool
	// addresses is how many of 256 made-up names with such a domain seem to be one name: all where all users have one. Where some have none,
	// it is half of them: whoever compares lee with lee@example.com then learns as little from what differs as from what does not.
	addresses int
}

// guiseOf takes what most verifiers of a snapshot have.
func guiseOf(s *catalog.Snapshot) guise {
	made, addresses := guise{domains: map[string]bool{}}, 0
	counts, passwords := map[factors]int{}, 0
	for name, user := range s.Users {
		if at := strings.LastIndexByte(name, '@'); at >= 0 {
			made.domains[name[at+1:]] = true
			addresses++
		}
		if own, err := parseVerifier(user.Password); err == nil {
			counts[factors{iterations: own.Iters, salt: len(own.Salt)}]++
			passwords++
		}
	}
	best := factors{}
	for f, n := range counts {
		if n > counts[best] || (n == counts[best] && (f.iterations < best.iterations || (f.iterations == best.iterations && f.salt < best.salt))) {
			best = f
		}
	}
	made.factors, made.addresses = best, 128
	if addresses == len(s.Users) {
		made.addresses = 256
	}
	if passwords > 0 {
		made.passwords = passwords * 256 / len(s.Users)
	}
	return made
}

// hasPassword says whether a made-up user seems to have a password: always the same for the same one.
func (g guise) hasPassword(secret []byte, login string) bool {
	return int(derive(secret, "password", g.user(secret, login))[0]) < g.passwords
}

// derive makes something of a name that looks random to whoever has no secret, and is always the same.
func derive(secret []byte, use, name string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(use))
	mac.Write([]byte{0})
	mac.Write([]byte(name))
	return mac.Sum(nil)
}

// user is the part of a login name that seems to name the user, where there is no such user: always the same for the same login.
func (g guise) user(secret []byte, login string) string {
	at := strings.LastIndexByte(login, '@')
	if at < 0 || g.domains[login[at+1:]] && int(derive(secret, "address", login)[0]) < g.addresses {
		return login
	}
	return login[:at]
}

// madeUp is the verifier of a login without one: the same for the same user, so that asking twice tells nothing, whatever tenant is
// asked for, and with keys that nobody can have a password for.
func madeUp(secret []byte, g guise, login string) scram.StoredCredentials {
	name := g.user(secret, login)
	iterations, salt := orDefault(g.iterations, defaultIterations), min(orDefault(g.salt, saltSize), sha256.Size)
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(derive(secret, "salt", name)[:salt]), Iters: iterations},
		StoredKey:  derive(secret, "stored", name),
		ServerKey:  derive(secret, "server", name),
	}
}

// worldGuise remembers a world's guise. Worlds that differ in people alone have one: looking at all of them at each change would take long.
type worldGuise struct {
	model *rewrite.Rewriter
	guise guise
}

// guise is what made-up verifiers look like under a world.
func (s *Server) guise(w *World) guise {
	if known := s.guises.Load(); known != nil && known.model == w.rewriter() {
		return known.guise
	}
	made := &worldGuise{model: w.rewriter()}
	if w != nil {
		made.guise = guiseOf(w.Snapshot)
	}
	s.guises.Store(made)
	return made.guise
}
