package main

import (
	"fmt"

	"github.com/wherewall/wherewall/internal/pgdial"
)

// secretFlags make proxies answer alike for users who do not exist.
type secretFlags struct {
	LoginSecretFile string `placeholder:"FILE" help:"A file with a secret that all proxies of one policy share. Users who do not exist are made up of it: without, they are others after a restart, and behind another proxy, and those who exist are not."`
}

// leastSecret is how long a secret has to be so that it cannot be guessed, in bytes: as much as 16 random bytes take in hexadecimal digits.
const leastSecret = 32

// secret reads the file; nil for none, and then the wire makes a secret of its own.
func (f secretFlags) secret() ([]byte, error) {
	if f.LoginSecretFile == "" {
		return nil, nil
	}
	secret, err := pgdial.ReadSecret(f.LoginSecretFile)
	if err != nil {
		return nil, hinted(fmt.Errorf("--login-secret-file: %w", err), pgdial.HintOf(err))
	}
	if len(secret) < leastSecret {
		return nil, hinted(fmt.Errorf("--login-secret-file: the secret in %s has fewer than %d bytes", f.LoginSecretFile, leastSecret), "openssl rand -hex 32 makes one")
	}
	return []byte(secret), nil
}
