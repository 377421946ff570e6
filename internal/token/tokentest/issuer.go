// Package tokentest is an issuer of tokens for tests: it signs what it is told to, and serves its keys as an identity provider does.
package tokentest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// Audience is whom an Issuer's tokens are for.
const Audience = "wherewall"

// KeysPath is where an Issuer serves its keys, below its URL.
const KeysPath = "/keys"

// Issuer is an identity provider on a loopback address. Its URL is also its name. It is safe for concurrent use.
type Issuer struct {
	*httptest.Server

	mu      sync.Mutex
	kid     string
	signing any
	set     jose.JSONWebKeySet
	status  int // of answers; zero: 200
	asked   int
}

// New starts an issuer with one key, k1, that talks TLS. It ends with the test.
func New(t testing.TB) *Issuer {
	i := &Issuer{}
	i.Server = httptest.NewTLSServer(i.routes())
	t.Cleanup(i.Close)
	i.Rotate(t, "k1")
	return i
}

// NewPlain is New without TLS.
func NewPlain(t testing.TB) *Issuer {
	i := &Issuer{}
	i.Server = httptest.NewServer(i.routes())
	t.Cleanup(i.Close)
	i.Rotate(t, "k1")
	return i
}

func (i *Issuer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+KeysPath, func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.status != 0 {
			w.WriteHeader(i.status)
			return
		}
		_ = json.NewEncoder(w).Encode(i.set)
	})
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + KeysPath})
	})
	return mux
}

// Rotate makes a new key of that name, publishes it beside the others, and signs with it from now on.
func (i *Issuer) Rotate(t testing.TB, kid string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kid, i.signing = kid, private
	i.set.Keys = append(i.set.Keys, jose.JSONWebKey{Key: private.Public(), KeyID: kid, Use: "sig", Algorithm: string(jose.ES256)})
}

// Withdraw takes a key out of what is published. The issuer may go on signing with it, as whoever stole it would.
func (i *Issuer) Withdraw(kid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var kept []jose.JSONWebKey
	for _, k := range i.set.Keys {
		if k.KeyID != kid {
			kept = append(kept, k)
		}
	}
	i.set.Keys = kept
}

// Answer has the issuer answer questions for its keys with a status; 0 for what they are.
func (i *Issuer) Answer(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status = status
}

// Asked counts the questions for keys.
func (i *Issuer) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// Claims are those of a good token for a user that ends in an hour, with others added or, where nil, left out.
func (i *Issuer) Claims(user string, others map[string]any) map[string]any {
	now := time.Now()
	claims := map[string]any{
		"iss": i.URL, "aud": Audience, "sub": user, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, others)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Token is a good token for a user, with other claims added.
func (i *Issuer) Token(t testing.TB, user string, others map[string]any) string {
	t.Helper()
	i.mu.Lock()
	kid, signing := i.kid, i.signing
	i.mu.Unlock()
	return Sign(t, jose.ES256, signing, map[string]any{"kid": kid, "typ": "JWT"}, i.Claims(user, others))
}

// Sign signs claims, or anything else, with a key and the header's other parameters.
func Sign(t testing.TB, algorithm jose.SignatureAlgorithm, signing any, head map[string]any, claims any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for name, value := range head {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: signing}, options)
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	text, err := signed.CompactSerialize()
	require.NoError(t, err)
	return text
}

// Set is what the issuer publishes, as a file of its own.
func (i *Issuer) Set(t testing.TB) []byte {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	text, err := json.Marshal(i.set)
	require.NoError(t, err)
	return text
}

// Authority is the path of a file with the certificate that an issuer who talks TLS can be known by.
func (i *Issuer) Authority(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authority.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw})
	require.NoError(t, os.WriteFile(path, block, 0o600))
	return path
}
