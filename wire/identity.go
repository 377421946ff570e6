package wire

import (
	"context"
	"fmt"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/plan"
)

// Tokens verifies JSON Web Tokens. It is safe for concurrent use.
type Tokens interface {
	// Verify returns what a good token says. It never waits. A token of a key that is not known is token.ErrUnknownKey, and has the keys
	// fetched anew where that is due.
	Verify(text string) (*token.Identity, error)
	// Await returns when no keys are being fetched, or ctx ends.
	Await(ctx context.Context)
}

// identity is who a session acts as, and by what proof. It outlives worlds: under each new one it is resolved again.
type identity struct {
	login  string // a user's name, or USER@TENANT
	tenant string // asked for; empty for none
	// token is what proved the user; nil for other proofs. Its tenant, where it has one, is in tenant.
	token *token.Identity
	// began is the subject that it was when a shared login was set to it, which no later policy may change; zero where it was none yet.
	began plan.Subject
}

// expired says whether the proof has ended.
func (i identity) expired(now time.Time) bool { return i.token != nil && !now.Before(i.token.Expires) }

// proves refuses a subject that a token does not speak for: another user of that login under this world, or another tenant than its own.
func (i identity) proves(subject plan.Subject) *failure {
	if i.token == nil || subject.User == i.token.User && (i.token.Tenant == "" || subject.Tenant == i.token.Tenant) {
		return nil
	}
	return &failure{state: stateAuthorization, message: "the token is not one for this user and tenant", hint: "Connect with a token for them."}
}

func unfitToken(err error) *failure {
	return &failure{
		state: stateAuthorization, message: "the token does not fit the policy: " + err.Error(),
		hint: "Ask whoever keeps the policy, or the provider of the token.",
	}
}

// attributes are what the identity brings, typed by a policy.
func (i identity) attributes(s *catalog.Snapshot) (map[string]*catalog.Attribute, error) {
	if i.token == nil {
		return nil, nil
	}
	brought := make(map[string]*catalog.Attribute, len(i.token.Attributes))
	for name, claim := range i.token.Attributes {
		a, err := attribute(s, name, claim)
		if err != nil {
			return nil, err
		}
		brought[name] = a
	}
	return brought, nil
}

// attribute types a claim. nil stands for no value, in which case the user has no such attribute.
func attribute(s *catalog.Snapshot, name string, claim token.Claim) (*catalog.Attribute, error) {
	switch claim.Kind {
	case token.Null:
		return nil, nil
	case token.Scalar:
		if len(claim.Texts) == 1 {
			a, err := s.ScalarAttribute(name, claim.Texts[0])
			return &a, err
		}
	case token.List:
		a, err := s.ListAttribute(name, claim.Texts)
		return &a, err
	}
	return nil, fmt.Errorf("a claim of no known kind for the attribute %s", name)
}
