package wire

import (
	"errors"
	"fmt"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// coded is an error with one of the stable codes of sessions.
type coded interface{ Code() string }

// look makes the view of a login under a world, or tells why there is none.
func look(w *World, login, tenant, mark string) (view, *failure) {
	if w == nil {
		return view{}, &failure{state: stateAuthorization, message: "policy_unavailable: the policy cannot be read", hint: "Try again later."}
	}
	subject, err := plan.Resolve(w.Snapshot, login, tenant)
	if err != nil {
		return view{}, subjectFailure(w.Snapshot, login, err)
	}
	p, err := plan.Build(w.Snapshot, subject)
	if err != nil {
		return view{}, subjectFailure(w.Snapshot, login, err)
	}
	return view{world: w, plan: p, values: rewrite.NewValues(p, mark)}, nil
}

// subjectFailure tells an authenticated login why it has no session.
func subjectFailure(s *catalog.Snapshot, login string, err error) *failure {
	code := "unknown_user"
	var c coded
	if errors.As(err, &c) {
		code = c.Code()
	}
	return &failure{
		state:   stateAuthorization,
		message: fmt.Sprintf("%s: %s", code, subjectMessage(code)),
		hint:    subjectHint(code),
		reason:  code,
	}
}

func subjectMessage(code string) string {
	switch code {
	case "unknown_user":
		return "the user is not declared in the policy"
	case "user_inactive":
		return "the user is not active"
	case "tenant_required":
		return "the user belongs to several tenants and none was named"
	case "tenant_not_member":
		return "the user is not a member of that tenant"
	case "tenant_inactive":
		return "the tenant is not active"
	case "membership_expired":
		return "the membership has expired"
	default:
		return "no session can be opened"
	}
}

func subjectHint(code string) string {
	switch code {
	case "tenant_required", "tenant_not_member":
		return "Name one of your tenants in the connection string, as options=-c wherewall.tenant=TENANT or as the user name USER@TENANT."
	case "unknown_user", "user_inactive", "tenant_inactive", "membership_expired":
		return "Ask whoever keeps the policy."
	default:
		return ""
	}
}
