package wire

import (
	"errors"
	"time"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// look makes the view of a login under a world, or tells why there is none.
func look(w *World, login, tenant, mark string) (view, *failure) {
	if w == nil {
		return view{}, &failure{state: stateAuthorization, message: "policy_unavailable: the policy cannot be read", hint: "Try again later."}
	}
	subject, err := plan.ResolveOn(w.Snapshot, login, tenant, today())
	if err != nil {
		return view{}, subjectFailure(err)
	}
	p, err := w.Planner.Build(subject)
	if err != nil {
		return view{}, subjectFailure(err)
	}
	return view{world: w, plan: p, values: rewrite.NewValues(p, mark)}, nil
}

// today is the day that memberships are judged by.
func today() string { return time.Now().UTC().Format(time.DateOnly) }

// over says whether the membership behind a view has ended since it was made.
func (v *view) over() bool {
	return v.plan != nil && v.plan.Until != "" && today() >= v.plan.Until
}

// subjectFailure tells an authenticated login why it has no session.
func subjectFailure(err error) *failure {
	var why *plan.SessionError
	if !errors.As(err, &why) {
		return &failure{state: stateAuthorization, message: "no session can be opened", reason: err.Error()}
	}
	return &failure{state: stateAuthorization, message: why.Error(), hint: subjectHint(why.Code()), reason: why.Error()}
}

func subjectHint(code string) string {
	switch code {
	case plan.TenantRequired, plan.TenantNotMember:
		return "Name one of your tenants in the connection string, as options=-c wherewall.tenant=TENANT or as the user name USER@TENANT."
	case plan.UnknownUser, plan.UserInactive, plan.TenantInactive, plan.MembershipExpired:
		return "Ask whoever keeps the policy."
	default:
		return ""
	}
}
