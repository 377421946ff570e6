package token

import "errors"

// ErrUnknownKey is a token of a key that is not among those that are known at the moment. The issuer may have got it since they were
// fetched.
var ErrUnknownKey = errors.New("the token's key is not known")
