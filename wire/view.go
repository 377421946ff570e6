package wire

import (
	"errors"
	"time"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// look makes the view of an identity under a world at a time, or tells why there is none.
func look(w *World, who identity, now time.Time, mark string) (view, *failure) {
	if w == nil {
		return view{}, &failure{state: stateAuthorization, message: "policy_unavailable: the policy cannot be read", hint: "Try again later."}
	}
	if who.expired(now) {
		return view{}, &failure{state: stateAuthorization, message: "the token of this session has expired", hint: "Connect again with a new token."}
	}
	subject, err := plan.ResolveOn(w.Snapshot, who.login, who.tenant, day(now))
	if err != nil {
		return view{}, subjectFailure(err)
	}
	if bad := who.proves(subject); bad != nil {
		return view{}, bad
	}
	attributes, err := who.attributes(w.Snapshot)
	if err != nil {
		return view{}, unfitToken(err)
	}
	p, err := w.Planner.BuildWith(subject, attributes)
	if err != nil {
		return view{}, subjectFailure(err)
	}
	return view{world: w, who: who, plan: p, values: rewrite.NewValues(p, mark)}, nil
}

// keep keeps the values of an earlier view where the plan is the same: then what was prepared and opened under it is good still.
func (v *view) keep(earlier view) {
	if earlier.values != nil && v.plan.Same(earlier.plan) {
		earlier.values.Renew(v.plan)
		v.values = earlier.values
	}
}

// day is the day that memberships are judged by.
func day(now time.Time) string { return now.UTC().Format(time.DateOnly) }

// over says whether the membership behind a view, or the token, has ended since it was made.
func (v *view) over(c *Config) bool {
	if v.plan == nil {
		return false
	}
	return v.who.token != nil && v.who.expired(c.Now()) || v.plan.Until != "" && day(c.Now()) >= v.plan.Until
}

// subjectFailure tells an authenticated login why it has no session.
func subjectFailure(err error) *failure {
	var why *plan.SessionError
	if !errors.As(err, &why) {
		return &failure{state: stateAuthorization, message: "no session can be opened", reason: err.Error()}
	}
	return &failure{state: stateAuthorization, message: why.Error(), hint: subjectHint(why.Code()), reason: why.Error(), lacksTenant: why.Code() == plan.TenantRequired}
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
