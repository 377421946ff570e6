package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/internal/token/tokentest"
)

func TestTokensOfEachAllowedAlgorithmAreGood(t *testing.T) {
	t.Parallel()
	r, p256, p384, p521 := newRSA(t, 2048), newEC(t, elliptic.P256()), newEC(t, elliptic.P384()), newEC(t, elliptic.P521())
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	i := newIssuer(
		t, jose.JSONWebKey{Key: &r.PublicKey, KeyID: "r"}, jose.JSONWebKey{Key: &p256.PublicKey, KeyID: "p256", Use: "sig"},
		jose.JSONWebKey{Key: &p384.PublicKey, KeyID: "p384", Algorithm: "ES384"}, jose.JSONWebKey{Key: &p521.PublicKey, KeyID: "p521"},
		jose.JSONWebKey{Key: public, KeyID: "ed"},
	)
	for _, c := range []struct {
		algorithm jose.SignatureAlgorithm
		kid       string
		key       any
	}{
		{jose.RS256, "r", r},
		{jose.RS384, "r", r},
		{jose.RS512, "r", r},
		{jose.PS256, "r", r},
		{jose.PS384, "r", r},
		{jose.PS512, "r", r},
		{jose.ES256, "p256", p256},
		{jose.ES384, "p384", p384},
		{jose.ES512, "p521", p521},
		{jose.EdDSA, "ed", ed},
	} {
		id, err := i.Verify(tokentest.Sign(t, c.algorithm, c.key, kid(c.kid), claims(nil)))
		require.NoError(t, err, c.algorithm)
		require.Equal(t, "lee", id.User)
		require.Equal(t, noon.Add(10*time.Minute), id.Expires.UTC())
		require.Equal(t, "t1", id.ID)

		_, err = i.Verify(tokentest.Sign(t, c.algorithm, c.key, nil, claims(nil)))
		require.NoError(t, err, "%s without a kid: the set has one key for it", c.algorithm)
		for _, name := range []string{"r", "p256", "p384", "p521", "ed"} {
			if name != c.kid {
				_, err := i.Verify(tokentest.Sign(t, c.algorithm, c.key, kid(name), claims(nil)))
				require.ErrorIs(t, err, token.ErrUnknownKey, "%s by the key %s", c.algorithm, name)
			}
		}
	}
}

func TestTokensThatNobodySignedAreRefused(t *testing.T) {
	t.Parallel()
	r, ec := newRSA(t, 2048), newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &r.PublicKey, KeyID: "r"}, jose.JSONWebKey{Key: &ec.PublicKey, KeyID: "e"})
	payload, err := json.Marshal(claims(nil))
	require.NoError(t, err)
	body := encoded(string(payload))
	for _, algorithm := range []string{"none", "None", "NONE", "nOnE", "", "HS256", "hs256", "RS1", "A128KW", "dir", "EdDSA ", "ML-DSA-44"} {
		head := encoded(`{"alg":"` + algorithm + `","kid":"r"}`)
		for _, signature := range []string{"", encoded("x"), encoded(strings.Repeat("x", 256))} {
			_, err := i.Verify(head + "." + body + "." + signature)
			require.Error(t, err, "alg %q", algorithm)
		}
	}
	for _, head := range []string{
		`{}`, `{"alg":null}`, `{"alg":["RS256"]}`, `{"alg":1}`, `null`, `[]`, `"RS256"`, `{"alg":"RS256","alg":"none"}`, `{"ALG":"RS256"}`, `{`, ``,
	} {
		_, err := i.Verify(encoded(head) + "." + body + "." + encoded("x"))
		require.Error(t, err, head)
	}
}

func TestAPublicKeyIsNoSharedSecret(t *testing.T) {
	t.Parallel()
	r := newRSA(t, 2048)
	i := newIssuer(t, jose.JSONWebKey{Key: &r.PublicKey, KeyID: "r"})
	der, err := x509.MarshalPKIXPublicKey(&r.PublicKey)
	require.NoError(t, err)
	for _, secret := range [][]byte{
		der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), x509.MarshalPKCS1PublicKey(&r.PublicKey), r.N.Bytes(), make([]byte, 64),
	} {
		for _, algorithm := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
			_, err := i.Verify(tokentest.Sign(t, algorithm, secret, kid("r"), claims(nil)))
			require.ErrorIs(t, err, token.ErrAlgorithm)
		}
	}
}

func TestKeysAreChosenFromTheSetAlone(t *testing.T) {
	t.Parallel()
	own, other := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	_, err := i.Verify(tokentest.Sign(t, jose.ES256, other, kid("k1"), claims(nil)))
	require.ErrorIs(t, err, token.ErrSignature, "another key under the name of one that is known")
	_, err = i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k2"), claims(nil)))
	require.ErrorIs(t, err, token.ErrUnknownKey)
	require.True(t, token.Unknown(err))
	for name, value := range map[string]any{
		"jwk": jose.JSONWebKey{Key: &other.PublicKey}, "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert",
		"x5c": []string{}, "crit": []string{"exp"}, "b64": true, "zip": "DEF", "enc": "A128GCM",
	} {
		head := kid("k1")
		head[name] = value
		_, err = i.Verify(tokentest.Sign(t, jose.ES256, own, head, claims(nil)))
		require.ErrorIs(t, err, token.ErrMalformed, name)
	}
	for _, strange := range []any{"", 1, nil, []string{"k1"}, map[string]any{}} {
		_, err = i.Verify(resigned(t, own, map[string]any{"alg": "ES256", "kid": strange}, claims(nil)))
		require.ErrorIs(t, err, token.ErrMalformed, "%v", strange)
	}
}

// TestAKeysNameMayBeThereTwice is about sets in which a name stands for several keys, as while an issuer changes them: each is tried, and none beside them.
func TestAKeysNameMayBeThereTwice(t *testing.T) {
	t.Parallel()
	old, young, other := newEC(t, elliptic.P256()), newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	r := newRSA(t, 2048)
	i := newIssuer(t, jose.JSONWebKey{Key: &old.PublicKey, KeyID: "k"}, jose.JSONWebKey{Key: &r.PublicKey, KeyID: "k"}, jose.JSONWebKey{Key: &young.PublicKey, KeyID: "k"})
	for _, text := range []string{
		tokentest.Sign(t, jose.ES256, old, kid("k"), claims(nil)), tokentest.Sign(t, jose.ES256, young, kid("k"), claims(nil)), tokentest.Sign(t, jose.RS256, r, kid("k"), claims(nil)),
	} {
		_, err := i.Verify(text)
		require.NoError(t, err)
	}
	_, err := i.Verify(tokentest.Sign(t, jose.ES256, other, kid("k"), claims(nil)))
	require.ErrorIs(t, err, token.ErrSignature)
}

// resigned signs with a header that a signer would not make.
func resigned(t testing.TB, own *ecdsa.PrivateKey, head, claims any) string {
	t.Helper()
	first, err := json.Marshal(head)
	require.NoError(t, err)
	second, err := json.Marshal(claims)
	require.NoError(t, err)
	return sealed(t, own, string(first), string(second))
}

func TestAWithdrawnKeyIsWorthless(t *testing.T) {
	t.Parallel()
	old, young := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &old.PublicKey, KeyID: "k1"})
	text := tokentest.Sign(t, jose.ES256, old, kid("k1"), claims(nil))
	_, err := i.Verify(text)
	require.NoError(t, err)
	i.reload(t, jose.JSONWebKey{Key: &old.PublicKey, KeyID: "k1"}, jose.JSONWebKey{Key: &young.PublicKey, KeyID: "k2"})
	_, err = i.Verify(text)
	require.NoError(t, err, "both are known while one follows the other")
	i.reload(t, jose.JSONWebKey{Key: &young.PublicKey, KeyID: "k2"})
	_, err = i.Verify(text)
	require.ErrorIs(t, err, token.ErrUnknownKey)
	_, err = i.Verify(tokentest.Sign(t, jose.ES256, young, kid("k2"), claims(nil)))
	require.NoError(t, err)
	i.reload(t)
	_, err = i.Verify(tokentest.Sign(t, jose.ES256, young, kid("k2"), claims(nil)))
	require.ErrorIs(t, err, token.ErrUnknownKey, "a set without keys is one")
}

func TestATokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	good := tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(nil))
	_, err := i.Verify(good)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	longer := parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(append(signature, 0))
	shorter := parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature[:63])
	for _, bad := range []string{
		longer, shorter, good + "=", good + "\n", "\n" + good, " " + good, good + " ", strings.Replace(good, ".", ".\r\n", 1), good + ".", good + ".x",
		"." + good, parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", parts[0] + ".." + parts[2], "", ".", "..", "...",
		strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+", "Bearer " + good, flipped(good),
	} {
		_, err := i.Verify(bad)
		require.Error(t, err, bad)
	}
	asJSON, err := json.Marshal(map[string]string{"protected": parts[0], "payload": parts[1], "signature": parts[2]})
	require.NoError(t, err)
	_, err = i.Verify(string(asJSON))
	require.ErrorIs(t, err, token.ErrMalformed, "the JSON form has a header that nobody signed")
	for at := range good {
		if good[at] == '.' {
			continue
		}
		changed := []byte(good)
		changed[at] ^= 1
		_, err := i.Verify(string(changed))
		require.Error(t, err, "byte %d changed", at)
	}
}

// flipped sets a bit of the last character that stands for none of the signature's bytes.
func flipped(good string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	return good[:len(good)-1] + string(alphabet[last^1])
}

func TestClaimsMustFit(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	at := noon.Unix()
	for name, bad := range map[string]map[string]any{
		"another issuer":             {"iss": "https://evil.example"},
		"an issuer with a slash":     {"iss": issuerName + "/"},
		"no issuer":                  {"iss": nil},
		"a list of issuers":          {"iss": []string{issuerName}},
		"another audience":           {"aud": "other"},
		"other audiences":            {"aud": []string{"other", "wherewall2"}},
		"no audience":                {"aud": nil},
		"an empty audience":          {"aud": ""},
		"no audiences":               {"aud": []string{}},
		"an audience that is none":   {"aud": map[string]any{audience: true}},
		"an audience of objects":     {"aud": []any{audience, 1}},
		"no end":                     {"exp": nil},
		"an end in the past":         {"exp": at - 1},
		"an end long past":           {"exp": at - 3600},
		"an end right now":           {"exp": at},
		"an end at zero":             {"exp": 0},
		"a negative end":             {"exp": -1},
		"an end as text":             {"exp": "9999999999"},
		"an end beyond all times":    {"exp": json.Number("1e300")},
		"an end beyond years":        {"exp": json.Number("253402300800")},
		"a begin in the future":      {"nbf": at + 31},
		"a begin as text":            {"nbf": "x"},
		"a begin beyond all times":   {"nbf": json.Number("9223372036854775807")},
		"made in the future":         {"iat": at + 31},
		"no user":                    {"sub": nil},
		"an empty user":              {"sub": ""},
		"a number as user":           {"sub": 7},
		"several users":              {"sub": []string{"lee", "kim"}},
		"a user with a line end":     {"sub": "lee\n"},
		"a user with a zero byte":    {"sub": "lee\x00"},
		"an empty tenant":            {"tenant": ""},
		"a number as tenant":         {"tenant": 1},
		"several tenants":            {"tenant": []string{"acme"}},
		"a key that must be proven":  {"cnf": map[string]any{"jkt": "x"}},
		"a message about the user":   {"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}},
		"an object as attribute":     {"max_amount": map[string]any{}},
		"a list of lists":            {"realm": map[string]any{"regions": []any{[]any{"a"}}}},
		"a list with null in it":     {"realm": map[string]any{"regions": []any{nil}}},
		"a list with objects in it":  {"realm": map[string]any{"regions": []any{map[string]any{}}}},
		"an issuer spelled like one": {"iss": nil, "ISS": issuerName},
	} {
		_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(bad)))
		require.ErrorIs(t, err, token.ErrClaims, name)
	}
	for name, good := range map[string]map[string]any{
		"several audiences":           {"aud": []string{"other", audience}},
		"no begin":                    {"nbf": nil, "iat": nil},
		"a clock a little ahead":      {"nbf": at + 29, "iat": at + 30},
		"fractions":                   {"exp": json.Number("1e10"), "iat": float64(at) + 0.5},
		"a name with a dot and an at": {"sub": "lee@x.example"},
	} {
		_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(good)))
		require.NoError(t, err, name)
	}
}

func TestAClaimThatIsThereTwiceIsNone(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	rest := `"iss":"` + issuerName + `","aud":"` + audience + `","exp":9999999999`
	head := `{"alg":"ES256","kid":"k1"}`
	_, err := i.Verify(sealed(t, own, head, `{`+rest+`,"sub":"lee"}`))
	require.NoError(t, err)
	for _, payload := range []string{
		`{` + rest + `,"sub":"lee","sub":"kim"}`, `{` + rest + `,"sub":"lee","s\u0075b":"kim"}`, `{` + rest + `,"sub":"l` + "\xff" + `"}`, `[]`, `null`, `"x"`, `1`,
		`{` + rest + `,"sub":"lee"} {}`, `{` + rest + `,"sub":"lee"`,
	} {
		_, err := i.Verify(sealed(t, own, head, payload))
		require.ErrorIs(t, err, token.ErrClaims, payload)
	}
}

func TestTypesOfTokensForOtherUsesAreRefused(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	for _, typ := range []string{"JWT", "jwt", "at+jwt", "application/at+jwt", "application/JWT"} {
		head := kid("k1")
		head["typ"] = typ
		_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, head, claims(nil)))
		require.NoError(t, err, typ)
	}
	for _, typ := range []string{"logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE"} {
		head := kid("k1")
		head["typ"] = typ
		_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, head, claims(nil)))
		require.ErrorIs(t, err, token.ErrMalformed, typ)
	}
	head := kid("k1")
	head["cty"] = "JWT"
	_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, head, claims(nil)))
	require.ErrorIs(t, err, token.ErrMalformed, "a token in a token")
}

func TestAttributesAreReadAsTheyAreSpelled(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	id, err := i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(map[string]any{
		"tenant": "acme", "max_amount": json.Number("12345678901234567890.10"), "realm": map[string]any{"regions": []any{"a", 2, true}}, "other": "x",
	})))
	require.NoError(t, err)
	require.Equal(t, "acme", id.Tenant)
	require.Equal(t, map[string]token.Claim{
		"max": {Kind: token.Scalar, Texts: []string{"12345678901234567890.10"}}, "regions": {Kind: token.List, Texts: []string{"a", "2", "true"}},
	}, id.Attributes)
	id, err = i.Verify(sealed(t, own, `{"alg":"ES256","kid":"k1"}`,
		`{"iss":"`+issuerName+`","aud":"`+audience+`","exp":9999999999,"sub":"lee","max_amount":null,"realm":"none"}`))
	require.NoError(t, err)
	require.Equal(t, map[string]token.Claim{"max": {}}, id.Attributes, "null is said, and what is not there is not")
}

func TestATokenEndsWithItsLastSecond(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	text := tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(nil))
	i.now = noon.Add(10*time.Minute - time.Nanosecond)
	_, err := i.Verify(text)
	require.NoError(t, err)
	i.now = noon.Add(10 * time.Minute)
	_, err = i.Verify(text)
	require.ErrorIs(t, err, token.ErrClaims)
}

func TestAnOversizedTokenIsRefusedUnread(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	fits := claims(map[string]any{"padding": strings.Repeat("x", 40<<10)})
	_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k1"), fits))
	require.NoError(t, err)
	_, err = i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(map[string]any{"padding": strings.Repeat("x", token.MaxSize)})))
	require.ErrorIs(t, err, token.ErrMalformed)
}

func TestErrorsShowNothingOfATokensClaims(t *testing.T) {
	t.Parallel()
	own := newEC(t, elliptic.P256())
	i := newIssuer(t, jose.JSONWebKey{Key: &own.PublicKey, KeyID: "k1"})
	for _, others := range []map[string]any{
		{"iss": "hush"}, {"aud": "hush"}, {"sub": []string{"hush"}}, {"tenant": []string{"hush"}}, {"max_amount": map[string]any{"hush": "hush"}}, {"exp": "hush"},
	} {
		_, err := i.Verify(tokentest.Sign(t, jose.ES256, own, kid("k1"), claims(others)))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestATokenWithoutAKeysNameIsOfTheOnlyOne(t *testing.T) {
	t.Parallel()
	one, other := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	text := tokentest.Sign(t, jose.ES256, one, nil, claims(nil))
	i := newIssuer(t, jose.JSONWebKey{Key: &one.PublicKey, KeyID: "k1"})
	_, err := i.Verify(text)
	require.NoError(t, err)
	i.reload(t, jose.JSONWebKey{Key: &one.PublicKey, KeyID: "k1"}, jose.JSONWebKey{Key: &other.PublicKey, KeyID: "k2"})
	_, err = i.Verify(text)
	require.ErrorIs(t, err, token.ErrUnknownKey)
}

func TestAKeyIsForTheAlgorithmThatItNames(t *testing.T) {
	t.Parallel()
	r := newRSA(t, 2048)
	i := newIssuer(t, jose.JSONWebKey{Key: &r.PublicKey, KeyID: "r", Algorithm: string(jose.RS256)})
	_, err := i.Verify(tokentest.Sign(t, jose.RS256, r, kid("r"), claims(nil)))
	require.NoError(t, err)
	for _, algorithm := range []jose.SignatureAlgorithm{jose.PS256, jose.RS512} {
		_, err = i.Verify(tokentest.Sign(t, algorithm, r, kid("r"), claims(nil)))
		require.ErrorIs(t, err, token.ErrUnknownKey, algorithm)
	}
}
