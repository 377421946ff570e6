package main

import (
	"fmt"
	"strings"

	"github.com/wherewall/wherewall/wire"
)

// authFlag is the ways to log in, as a list of words.
type authFlag wire.Auth

// authWord is what a way to log in is called.
type authWord struct {
	word string
	way  wire.Auth
}

func authWords() []authWord {
	return []authWord{
		{"scram", wire.AuthSCRAM}, {"cert", wire.AuthCertificate}, {"token", wire.AuthToken}, {"oauth", wire.AuthOAuth}, {"trust", wire.AuthTrust},
	}
}

// UnmarshalText reads words apart by commas.
func (f *authFlag) UnmarshalText(text []byte) error {
	*f = 0
	for word := range strings.SplitSeq(string(text), ",") {
		way, err := authWay(strings.TrimSpace(word))
		if err != nil {
			return err
		}
		*f |= authFlag(way)
	}
	if wire.Auth(*f)&wire.AuthTrust != 0 && wire.Auth(*f) != wire.AuthTrust {
		return fmt.Errorf("trust stands alone: whoever needs no proof is asked for none")
	}
	return nil
}

func authWay(word string) (wire.Auth, error) {
	var known []string
	for _, w := range authWords() {
		if w.word == word {
			return w.way, nil
		}
		known = append(known, w.word)
	}
	return 0, fmt.Errorf("%q is none of %s", word, strings.Join(known, ", "))
}

// ways is the flag in the wire's terms. Trust asks for no proof, so it is for this machine alone.
func (f authFlag) ways(listen string) (wire.Auth, error) {
	if wire.Auth(f) == wire.AuthTrust && !allHere(listen) {
		return 0, usage(fmt.Errorf("--auth trust lets everybody in who reaches %s: it is for a loopback address or a Unix socket only", listen))
	}
	return wire.Auth(f), nil
}
