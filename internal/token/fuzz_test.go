package token_test

import (
	"crypto/elliptic"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/wherewall/wherewall/internal/token/tokentest"
)

// FuzzVerify looks for a text that is a good token and was not signed, and for panics.
func FuzzVerify(f *testing.F) {
	own := newEC(f, elliptic.P256())
	i := newIssuer(f, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	good := tokentest.Sign(f, jose.ES256, own, kid("k1"), claims(map[string]any{"realm": map[string]any{"regions": []string{"a"}}}))
	f.Add(good)
	f.Add(strings.Repeat(".", 5))
	f.Add(encoded(`{"alg":"none"}`) + "." + encoded(`{"sub":"lee"}`) + ".")
	f.Add(encoded(`{"alg":"ES256","kid":"k1","crit":["exp"]}`) + "." + strings.SplitN(good, ".", 2)[1])
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := i.Verify(text); err == nil && text != good {
			t.Errorf("nobody signed %q", text)
		}
	})
}

// FuzzClaims looks for claims that are taken though they do not fit, and for panics: an issuer's word is only worth what it says.
func FuzzClaims(f *testing.F) {
	own := newEC(f, elliptic.P256())
	i := newIssuer(f, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	f.Add(string(must(f, claims(nil))))
	f.Add(string(must(f, claims(map[string]any{"tenant": "acme", "max_amount": 1.5, "realm": map[string]any{"regions": []any{1, "a", true}}}))))
	f.Add(`{"exp":1e10,"iss":["x"],"aud":{},"sub":null}`)
	f.Fuzz(func(t *testing.T, payload string) {
		id, err := i.Verify(sealed(t, own, `{"alg":"ES256","kid":"k1"}`, payload))
		if err != nil {
			return
		}
		if id.User == "" || id.Issuer != issuerName || !id.Expires.After(noon) {
			t.Errorf("%q is taken for %+v", payload, id)
		}
	})
}
