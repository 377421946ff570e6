package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
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

// madeUp is the verifier of a user who has none: the same for the same name, so that asking twice tells nothing, and with
// keys that nobody can have a password for.
func madeUp(secret []byte, name string) scram.StoredCredentials {
	derive := func(use string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(use))
		mac.Write([]byte{0})
		mac.Write([]byte(name))
		return mac.Sum(nil)
	}
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(derive("salt")[:saltSize]), Iters: defaultIterations},
		StoredKey:  derive("stored"),
		ServerKey:  derive("server"),
	}
}
