package token

import "time"

// Identity is what a good token says. It is immutable.
type Identity struct {
	User   string // never empty
	Tenant string // empty: the token names none
	// Attributes are by the names that the configuration gives to claims. What the token does not have is not in it.
	Attributes map[string]Claim
	Expires    time.Time
	// Issuer and ID tell the token apart in a log. ID is its jti and may be empty.
	Issuer, ID string
}

// Claim is the value of an attribute: one text, a list of texts, or null. Numbers are as the token spells them.
type Claim struct {
	Kind  Kind
	Texts []string // one where Kind is Scalar, none where it is Null
}

// Kind says what a claim is. The zero value is Null.
type Kind int

// The kinds of claims.
const (
	Null Kind = iota
	Scalar
	List
)
