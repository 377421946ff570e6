package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// The bounds of RSA keys in bits: what is shorter is weak (RFC 7518, 3.3), and what is much longer takes long to reckon with.
const (
	minRSA = 2048
	maxRSA = 8192
)

// allowed says whether tokens may be signed so. All that is allowed is asymmetric: with a shared secret, whoever can verify can sign.
func allowed(a jose.SignatureAlgorithm) bool {
	switch a {
	case jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA:
		return true
	default: // none and HMAC among them
		return false
	}
}

// strong says why a public key may not be used, or nil.
func strong(public any) error {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("an RSA key of %d bits: %d to %d are taken", bits, minRSA, maxRSA)
		}
		if k.E < 3 || k.E%2 == 0 {
			return fmt.Errorf("an RSA key with the exponent %d", k.E)
		}
		return nil
	case *ecdsa.PublicKey:
		if curveOf(k) == "" {
			return fmt.Errorf("a key on the curve %s: P-256, P-384 and P-521 are taken", k.Curve.Params().Name)
		}
		return nil
	case ed25519.PublicKey:
		return nil
	default:
		return fmt.Errorf("a key of a kind that is not taken: RSA, EC and Ed25519 are")
	}
}

// fits says whether a key is of the kind that an algorithm is for.
func fits(public any, a jose.SignatureAlgorithm) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		switch a {
		case jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512:
			return true
		}
		return false
	case *ecdsa.PublicKey:
		return a != "" && curveOf(k) == a
	case ed25519.PublicKey:
		return a == jose.EdDSA
	default:
		return false
	}
}

// curveOf is the algorithm that a curve is for (RFC 7518, 3.4); empty for none.
func curveOf(k *ecdsa.PublicKey) jose.SignatureAlgorithm {
	switch k.Curve {
	case elliptic.P256():
		return jose.ES256
	case elliptic.P384():
		return jose.ES384
	case elliptic.P521():
		return jose.ES512
	default:
		return ""
	}
}
