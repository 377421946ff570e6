package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/token"
)

const (
	issuerName = "https://id.example"
	audience   = "wherewall"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// issuer signs with keys of its own, which it publishes in a file.
type issuer struct {
	path string
	set  jose.JSONWebKeySet
	now  time.Time
	keys *token.Keys
	*token.Verifier
}

// newIssuer makes an issuer of public keys and a Verifier of its tokens.
func newIssuer(t testing.TB, published ...jose.JSONWebKey) *issuer {
	t.Helper()
	i := &issuer{path: filepath.Join(t.TempDir(), "keys.json"), now: noon}
	i.publish(t, published...)
	source, err := token.ParseSource(i.path)
	require.NoError(t, err)
	clock := func() time.Time { return i.now }
	i.keys = token.NewKeys(token.KeysConfig{Source: source, Now: clock, Log: zerolog.Nop()})
	require.NoError(t, i.keys.Load(t.Context()))
	i.Verifier = token.NewVerifier(token.Config{
		Issuer: issuerName, Audience: audience, UserClaim: "sub", TenantClaim: "tenant", Now: clock,
		Attributes: map[string]string{"max": "max_amount", "regions": "/realm/regions"},
	}, i.keys)
	return i
}

func (i *issuer) publish(t testing.TB, published ...jose.JSONWebKey) {
	t.Helper()
	i.set.Keys = append([]jose.JSONWebKey{}, published...)
	text, err := json.Marshal(i.set)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(i.path, text, 0o600))
}

func (i *issuer) reload(t testing.TB, published ...jose.JSONWebKey) {
	t.Helper()
	i.publish(t, published...)
	require.NoError(t, i.keys.Load(t.Context()))
}

func newEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return k
}

func newRSA(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return k
}

// claims are good ones at noon, with some replaced or, where nil, left out.
func claims(others map[string]any) map[string]any {
	all := map[string]any{
		"iss": issuerName, "aud": audience, "sub": "lee", "exp": noon.Unix() + 600, "iat": noon.Unix(), "nbf": noon.Unix(), "jti": "t1",
	}
	for name, value := range others {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	return all
}

func kid(name string) map[string]any { return map[string]any{"kid": name} }

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// sealed signs a header and a payload as they are, by ES256.
func sealed(t testing.TB, own *ecdsa.PrivateKey, head, payload string) string {
	t.Helper()
	text := encoded(head) + "." + encoded(payload)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, own, digest[:])
	require.NoError(t, err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func must(t testing.TB, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}
