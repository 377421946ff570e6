package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/wire"
)

// tokenFlags say whose tokens prove who somebody is, and what is read from them.
type tokenFlags struct {
	JWTIssuer      string            `name:"jwt-issuer" placeholder:"URL" help:"Whose JSON Web Tokens are taken: what iss must equal."`
	JWTAudience    string            `name:"jwt-audience" placeholder:"NAME" help:"Whom tokens must be for: what aud must be or contain."`
	JWTKeys        string            `name:"jwt-keys" placeholder:"FILE|URL" help:"The issuer's public keys, a JWK Set: a file, which is read again when it changes, or an https URL, which is asked again every few minutes and when a token has a new key."`
	JWTKeysKept    time.Duration     `name:"jwt-keys-kept" default:"1h" help:"How long keys count that cannot be fetched anew."`
	JWTUserClaim   string            `name:"jwt-user-claim" default:"sub" placeholder:"CLAIM" help:"The claim with the user's name. This and other claims may be pointers, such as /realm/user."`
	JWTTenantClaim string            `name:"jwt-tenant-claim" placeholder:"CLAIM" help:"The claim with the tenant. A token that has it is good for no other."`
	JWTAttributes  map[string]string `name:"jwt-attributes" mapsep:"," placeholder:"NAME=CLAIM" help:"Claims that stand in the place of the user's attributes, NAME=CLAIM apart by commas."`
	OAuthScope     string            `name:"oauth-scope" default:"openid" placeholder:"SCOPE" help:"What clients that log in by --auth oauth have to ask the issuer for."`
}

// validate says which flags do not fit each other. private says whether clients can come without being overheard.
func (f *tokenFlags) validate(auth wire.Auth, private bool) error {
	byToken := auth&(wire.AuthToken|wire.AuthOAuth) != 0
	given := 0
	for _, text := range []string{f.JWTIssuer, f.JWTAudience, f.JWTKeys} {
		if text != "" {
			given++
		}
	}
	switch {
	case given == 0 && byToken:
		return usage(errors.New("--auth token and --auth oauth need --jwt-issuer, --jwt-audience and --jwt-keys"))
	case given == 0 && (f.JWTTenantClaim != "" || len(f.JWTAttributes) > 0):
		return usage(errors.New("--jwt-tenant-claim and --jwt-attributes have no effect without --jwt-issuer"))
	case given != 0 && given != 3:
		return usage(errors.New("--jwt-issuer, --jwt-audience and --jwt-keys need each other: a token is good by all three or not at all"))
	case given != 0 && f.JWTUserClaim == "":
		return usage(errors.New("--jwt-user-claim: a claim is expected"))
	case f.JWTKeysKept <= 0:
		return usage(errors.New("--jwt-keys-kept: a time is expected, such as 1h"))
	case byToken && !private:
		return usage(errors.New("--auth token and --auth oauth need TLS where clients come from other machines: give --tls-cert and --tls-key"))
	case auth&wire.AuthOAuth != 0:
		return f.validateOAuth()
	default:
		return nil
	}
}

// validateOAuth holds the issuer to what clients will do with it: ask it for its configuration.
func (f *tokenFlags) validateOAuth() error {
	u, err := url.Parse(f.JWTIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return usage(fmt.Errorf("--jwt-issuer %s: --auth oauth has clients ask the issuer for a token, so its URL is expected", f.JWTIssuer))
	}
	return nil
}

// filePoll is how often a file of keys is read to see whether it has changed.
const filePoll = 5 * time.Second

// issuer is whose tokens are taken.
type issuer struct {
	flags    *tokenFlags
	keys     *token.Keys
	verifier *token.Verifier
}

// issuer reads the keys; nil for no tokens. A file must be there and be right. Who serves a URL may be down, and come back.
func (f *tokenFlags) issuer(ctx context.Context, s *catalog.Snapshot, log zerolog.Logger) (*issuer, error) {
	if f.JWTIssuer == "" {
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.JWTAttributes)) {
		if _, declared := s.AttributeTypes[name]; !declared {
			declared := strings.Join(slices.Sorted(maps.Keys(s.AttributeTypes)), ", ")
			return nil, hinted(fmt.Errorf("--jwt-attributes: the policy declares no attribute %s", name), "declare its type in `attributes:`; there are: "+declared)
		}
	}
	source, err := token.ParseSource(f.JWTKeys)
	if err != nil {
		return nil, usage(fmt.Errorf("--jwt-keys: %w", err))
	}
	c := token.KeysConfig{Source: source, Keep: f.JWTKeysKept, Log: log}
	if !source.Remote() {
		c.Every = filePoll
	}
	i := &issuer{flags: f, keys: token.NewKeys(c)}
	if err := i.keys.Load(ctx); err != nil && !source.Remote() {
		return nil, fmt.Errorf("--jwt-keys: %w", err)
	}
	i.verifier = token.NewVerifier(token.Config{
		Issuer: f.JWTIssuer, Audience: f.JWTAudience, UserClaim: f.JWTUserClaim, TenantClaim: f.JWTTenantClaim, Attributes: f.JWTAttributes,
	}, i.keys)
	return i, nil
}

// configure tells the wire.
func (i *issuer) configure(c *wire.Config) {
	c.Tokens, c.OAuth = i.verifier, wire.OAuth{Issuer: i.flags.JWTIssuer, Scope: i.flags.OAuthScope}
}

// keep fetches keys in the background until what it returns is called.
func (i *issuer) keep() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { i.keys.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}
