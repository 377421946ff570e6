package token_test

import (
	"crypto/elliptic"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/internal/token/tokentest"
)

func TestKeysComeFromFilesAndOverSafeLines(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"keys.json", "/etc/keys.json", "https://id.example/keys", "https://id.example:8443/keys?x=1", "http://127.0.0.1:1/k", "http://localhost/k", "http://[::1]:9/k"} {
		s, err := token.ParseSource(good)
		require.NoError(t, err, good)
		require.Equal(t, strings.Contains(good, "://"), s.Remote())
	}
	for _, bad := range []string{
		"", "http://id.example/keys", "http://10.0.0.1/keys", "http://127.0.0.1.evil.example/", "ftp://id.example/keys", "file:///etc/keys", "https:///keys",
		"https://user:hush@id.example/keys", "://x", "https://id.example:port/",
	} {
		_, err := token.ParseSource(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestKeysAreFetchedFromAnIssuerThatIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	id := tokentest.New(t)
	keys := token.NewKeys(token.KeysConfig{Source: token.SourceTrusting(id.URL+tokentest.KeysPath, id.Certificate()), Log: zerolog.Nop()})
	require.NoError(t, keys.Load(t.Context()))
	v := token.NewVerifier(token.Config{Issuer: id.URL, Audience: tokentest.Audience, UserClaim: "sub"}, keys)
	who, err := v.Verify(id.Token(t, "lee", nil))
	require.NoError(t, err)
	require.Equal(t, "lee", who.User)
	id.Rotate(t, "k2")
	id.Withdraw("k1")
	require.NoError(t, keys.Load(t.Context()))
	_, err = v.Verify(id.Token(t, "lee", nil))
	require.NoError(t, err)

	plain, err := token.ParseSource(id.URL + tokentest.KeysPath)
	require.NoError(t, err)
	err = token.NewKeys(token.KeysConfig{Source: plain, Log: zerolog.Nop()}).Load(t.Context())
	require.ErrorContains(t, err, "certificate", "nobody vouches for it")
}

func TestWhatIsNoSetOfKeysReplacesNone(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	text := tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(nil))
	for _, bad := range []string{
		"", "{", "null", "[]", `{}`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[],"keys":[]}`, "<html></html>", `{"keys":[` + strings.Repeat("{},", 100) + `{}]}`,
		strings.Repeat(" ", 1<<20) + `{"keys":[]}`,
	} {
		require.NoError(t, os.WriteFile(i.path, []byte(bad), 0o600))
		require.Error(t, i.keys.Load(t.Context()), "%.40s", bad)
	}
	require.NoError(t, os.Remove(i.path))
	require.ErrorIs(t, i.keys.Load(t.Context()), os.ErrNotExist)
	_, err := i.Verify(text)
	require.NoError(t, err)
}

func TestAnAnswerOtherThanKeysReplacesNone(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.RedirectHandler("http://keys.example/", http.StatusFound))
	defer away.Close()
	around := httptest.NewServer(http.RedirectHandler("/", http.StatusFound))
	defer around.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	defer missing.Close()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 << 10 {
			_, _ = w.Write(make([]byte, 1<<10))
		}
	}))
	defer endless.Close()
	for url, why := range map[string]string{
		away.URL: "https is expected", around.URL: "too many redirects", missing.URL: "404", endless.URL: "more than 1048576 bytes",
	} {
		source, err := token.ParseSource(url)
		require.NoError(t, err)
		err = token.NewKeys(token.KeysConfig{Source: source, Log: zerolog.Nop()}).Load(t.Context())
		require.ErrorContains(t, err, why)
	}
}

func TestNoRedirectLeadsAwayFromHTTPS(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) }))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	source := token.SourceTrusting(secure.URL, secure.Certificate())
	err := token.NewKeys(token.KeysConfig{Source: source, Log: zerolog.Nop()}).Load(t.Context())
	require.ErrorContains(t, err, "away from https")
}

func TestKeysThatCannotBeTrustedArePassedOver(t *testing.T) {
	t.Parallel()
	good, weak, secret := newEC(t, elliptic.P256()), newRSA(t, 1024), newEC(t, elliptic.P256())
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: &weak.PublicKey, KeyID: "weak"},
		{Key: secret, KeyID: "secret"},
		{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "shared", Algorithm: "HS256"},
		{Key: &good.PublicKey, KeyID: "for encryption", Use: "enc"},
		{Key: &good.PublicKey, KeyID: "for another algorithm", Algorithm: "RS256"},
		{Key: &good.PublicKey, KeyID: "for none", Algorithm: "none"},
	}}
	text := string(must(t, set))
	text = strings.Replace(text, `{"keys":[`, `{"keys":[{"kty":"OKP","crv":"X25519","kid":"agreed","x":"AAAA"},{"kty":"new","kid":"new"},{},1,`+
		`{"kty":"EC","crv":"P-256","kid":"off the curve","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"},`+
		strings.Replace(string(must(t, jose.JSONWebKey{Key: &good.PublicKey, KeyID: "to sign"})), `{`, `{"key_ops":["sign"],`, 1)+",", 1)
	text = strings.Replace(text, `]}`, `,`+string(must(t, jose.JSONWebKey{Key: &good.PublicKey, KeyID: "good"}))+`]}`, 1)

	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	source, err := token.ParseSource(path)
	require.NoError(t, err)
	log := &strings.Builder{}
	keys := token.NewKeys(token.KeysConfig{Source: source, Log: zerolog.New(log)})
	require.NoError(t, keys.Load(t.Context()))
	v := token.NewVerifier(token.Config{Issuer: issuerName, Audience: audience, UserClaim: "sub"}, keys)
	_, err = v.Verify(tokentest.Sign(t, jose.ES256, good, kid("good"), ever()))
	require.NoError(t, err, log)
	for name, signing := range map[string]any{"weak": weak, "secret": secret, "for encryption": good, "for another algorithm": good, "for none": good, "to sign": good} {
		algorithm := jose.ES256
		if name == "weak" {
			algorithm = jose.RS256
		}
		_, err = v.Verify(tokentest.Sign(t, algorithm, signing, kid(name), ever()))
		require.ErrorIs(t, err, token.ErrUnknownKey, name)
		require.Contains(t, log.String(), name, "which is told")
	}
}
