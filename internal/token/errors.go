package token

import "errors"

// Why a token is not good. All of them look the same to a client; they are told apart for the log. What wraps them says more, and never
// shows the token.
var (
	// ErrUnknownKey is a token of a key that is not among those known at the moment. The issuer may have got it since they were fetched.
	ErrUnknownKey = errors.New("the token's key is not known")
	// ErrNoKeys says that no keys are known, or that those which were are too old to be trusted.
	ErrNoKeys = errors.New("no keys of the issuer are known")
	// ErrMalformed is what is no signed token in the compact form, or has a header that is not understood.
	ErrMalformed = errors.New("not a token that is understood here")
	// ErrAlgorithm is a token signed by other means than those that are allowed.
	ErrAlgorithm = errors.New("the token's algorithm is not allowed")
	// ErrSignature is a token that its key did not sign.
	ErrSignature = errors.New("the token's signature is wrong")
	// ErrClaims is a genuine token that says something else than it must: for others, for another time, about nobody.
	ErrClaims = errors.New("the token's claims do not fit")
)
