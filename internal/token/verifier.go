package token

import (
	"context"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// MaxSize bounds a token's text in bytes. It is what fits into a password message of 64 kB with something around it.
const MaxSize = 60 << 10

// Config says which tokens are good and what is read from them. Issuer, Audience and UserClaim are required.
type Config struct {
	Issuer   string // what iss must equal
	Audience string // what aud must be or contain
	// UserClaim names the claim with the user's name, TenantClaim the one with the tenant; an empty TenantClaim: tokens name none. Each is
	// the name of a claim, or a JSON Pointer (RFC 6901) where it starts with a slash.
	UserClaim, TenantClaim string
	Attributes             map[string]string // the claim of each attribute
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Verifier tells good tokens from others. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   *Keys
}

// NewVerifier makes a Verifier of an issuer's keys.
func NewVerifier(c Config, keys *Keys) *Verifier {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{config: c, keys: keys}
}

// Verify returns what a good token says, or why it is none. It never waits. A token whose key is not known has the keys fetched anew, where
// that is due; whoever can wait does so by Await and tries once more.
func (v *Verifier) Verify(text string) (*Identity, error) {
	head, err := readHeader(text)
	if err != nil {
		return nil, err
	}
	candidates, err := v.keys.find(head)
	if err != nil {
		return nil, err
	}
	payload, err := signed(text, head, candidates)
	if err != nil {
		return nil, err
	}
	return v.config.read(payload)
}

// Await returns when no keys are being fetched, or ctx ends.
func (v *Verifier) Await(ctx context.Context) { v.keys.await(ctx) }

// signed returns the payload of a token that one of the candidates signed.
func signed(text string, head header, candidates []key) ([]byte, error) {
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{head.algorithm})
	if err != nil {
		return nil, fmt.Errorf("%w: parsing it: %w", ErrMalformed, err)
	}
	for _, k := range candidates {
		if payload, err := parsed.Verify(k.public); err == nil {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("%w: key %s", ErrSignature, shown(head.kid))
}
