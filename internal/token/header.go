package token

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// header is what a token says of how it was signed. Nobody has vouched for it.
type header struct {
	algorithm jose.SignatureAlgorithm
	kid       string // empty for none
}

// refusedParameters are those of a header that ask for what is not done here: RFC 7515 has a token refused whose crit is not understood,
// and the others bring keys along, or change what is signed.
func refusedParameters() []string {
	return []string{"crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip"}
}

// readHeader takes a token in the compact form apart, so far as it can be before its signature is checked.
func readHeader(text string) (header, error) {
	if len(text) > MaxSize {
		return header{}, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, MaxSize)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return header{}, fmt.Errorf("%w: it has no three parts", ErrMalformed)
	}
	var first []byte
	for i, part := range parts {
		decoded, err := decode(part)
		if err != nil || len(decoded) == 0 {
			return header{}, fmt.Errorf("%w: part %d is not base64url", ErrMalformed, i+1)
		}
		if i == 0 {
			first = decoded
		}
	}
	return parseHeader(first)
}

// decode is base64url without padding, of which each value has one spelling: Go's decoders pass over line ends.
func decode(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}

func parseHeader(text []byte) (header, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return header{}, fmt.Errorf("%w: its header is not a JSON object", ErrMalformed)
	}
	for _, name := range refusedParameters() {
		if _, there := all[name]; there {
			return header{}, fmt.Errorf("%w: its header has %s", ErrMalformed, name)
		}
	}
	texts := map[string]string{}
	for _, name := range []string{"alg", "kid", "typ", "cty"} {
		raw, there := all[name]
		if !there {
			continue
		}
		var value *string
		if err := json.Unmarshal(raw, &value); err != nil || value == nil || *value == "" {
			return header{}, fmt.Errorf("%w: %s in its header is not a text", ErrMalformed, name)
		}
		texts[name] = *value
	}
	if !isIdentity(texts["typ"]) || texts["cty"] != "" {
		return header{}, fmt.Errorf("%w: it is no token of an identity by its typ", ErrMalformed)
	}
	algorithm := jose.SignatureAlgorithm(texts["alg"])
	if !allowed(algorithm) {
		return header{}, fmt.Errorf("%w: %s", ErrAlgorithm, shown(texts["alg"]))
	}
	return header{algorithm: algorithm, kid: texts["kid"]}, nil
}

// isIdentity says whether a typ is one of ID tokens and access tokens (RFC 9068). Tokens for other uses, such as logout or proof of
// possession, are signed by the same keys.
func isIdentity(typ string) bool {
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "", "jwt", "at+jwt":
		return true
	default:
		return false
	}
}

// shown cuts a text from a token's header for an error message.
func shown(text string) string {
	const longest = 100
	return fmt.Sprintf("%.*q", longest, text)
}
