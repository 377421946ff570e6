package token

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxKeys bounds the keys of one set. Issuers have two or three.
const maxKeys = 100

// key is a public key that tokens may be signed with.
type key struct {
	kid       string                  // empty for none
	algorithm jose.SignatureAlgorithm // the only one that it is for; empty where its kind alone says
	public    any
}

// keySet is what an issuer publishes at one time.
type keySet struct {
	keys    []key
	skipped []string // why keys of the set are not used
}

// matching are the keys that may have signed a token. A token that names no key can only be of an issuer who has one of that kind.
func (s keySet) matching(head header) []key {
	var found []key
	for _, k := range s.keys {
		if (head.kid == "" || k.kid == head.kid) && (k.algorithm == "" || k.algorithm == head.algorithm) && fits(k.public, head.algorithm) {
			found = append(found, k)
		}
	}
	if head.kid == "" && len(found) > 1 {
		return nil
	}
	return found
}

// parseKeys reads a JWK Set (RFC 7517, 5). Keys that cannot be used are passed over, as the RFC has it: a set may hold what is for others.
// A set without usable keys is one, and no token is good by it.
func parseKeys(text []byte) (keySet, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil || set.Keys == nil {
		return keySet{}, fmt.Errorf("not a JWK Set: a JSON object with a list of keys is expected")
	}
	if len(*set.Keys) > maxKeys {
		return keySet{}, fmt.Errorf("a JWK Set of %d keys: at most %d are taken", len(*set.Keys), maxKeys)
	}
	var s keySet
	for i, raw := range *set.Keys {
		k, err := parseKey(raw)
		if err != nil {
			s.skipped = append(s.skipped, fmt.Sprintf("key %d (%s): %s", i+1, shown(k.kid), err))
			continue
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

func parseKey(raw json.RawMessage) (key, error) {
	var said struct {
		ID         string   `json:"kid"`
		Operations []string `json:"key_ops"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return key{}, fmt.Errorf("not a JWK")
	}
	k := key{kid: said.ID}
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(raw, &jwk); err != nil {
		return k, fmt.Errorf("not a key that is understood here")
	}
	switch {
	case jwk.Use != "" && jwk.Use != "sig":
		return k, fmt.Errorf("its use is %s", shown(jwk.Use))
	case said.Operations != nil && !slices.Contains(said.Operations, "verify"):
		return k, fmt.Errorf("its key_ops are not to verify")
	case jwk.Algorithm != "" && !allowed(jose.SignatureAlgorithm(jwk.Algorithm)):
		return k, fmt.Errorf("its alg is %s", shown(jwk.Algorithm))
	case !jwk.IsPublic():
		// A secret that is published proves nothing. This is also where keys for HMAC end.
		return k, fmt.Errorf("it is not a public key")
	}
	if err := strong(jwk.Key); err != nil {
		return k, err
	}
	k.algorithm, k.public = jose.SignatureAlgorithm(jwk.Algorithm), jwk.Key
	if k.algorithm != "" && !fits(k.public, k.algorithm) {
		return k, fmt.Errorf("its alg %s is not for keys of its kind", shown(jwk.Algorithm))
	}
	return k, nil
}

// String lists the keys for a log.
func (s keySet) String() string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = shown(k.kid)
	}
	return strings.Join(names, ", ")
}
