package wire

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// tokenPatience is how long a token waits for the keys of its issuer, where its own is not known yet.
const tokenPatience = 5 * time.Second

// shared says whether this session may act as somebody else.
func (q *requests) shared() bool { return q.pending.subjects != nil }

// impersonation is how the login may act as others under a world.
func (q *requests) impersonation(w *World) catalog.Impersonation {
	if u := w.Snapshot.Users[q.view.plan.Subject.User]; u != nil {
		return u.Impersonate
	}
	return catalog.NoImpersonation
}

// switches says whether a statement sets the subject.
func switches(s *rewrite.Statement) bool { return s.Kind == rewrite.SwitchSubject }

// notShared refuses to set the subject of a session that has one for good.
func notShared() *rewrite.Refusal {
	r := refused(codeSetting, stateDenied, "permission denied to act as somebody else")
	r.Hint = "This login has one subject. The policy's `may_impersonate` on a user makes a shared login, which takes tokens; others name their tenant when they connect."
	return r
}

// turns are the changes of the subject that a text asks for, in its order. Everything before the text was answered. given are the values of parameters.
func (q *requests) turns(v *view, s statement, given map[int]string) ([]turn, *rewrite.Refusal) {
	if !q.shared() {
		return nil, notShared()
	}
	if v.world == nil {
		return nil, unavailable()
	}
	now := q.pending.subject()
	var all []turn
	for i := range s.template.Statements {
		said := &s.template.Statements[i]
		if !switches(said) {
			continue
		}
		for _, asked := range said.Switches {
			if asked.Parameter > 0 {
				asked.Value = given[asked.Parameter]
			}
			to, no := q.turn(v.world, now, asked)
			if no != nil {
				return nil, no
			}
			now = to
			all = append(all, turn{to: to, local: asked.Local, at: i, as: q.resolved(v.world, to)})
		}
	}
	return all, nil
}

// resolved is the subject that an identity is under a world; the names in it where it is none yet.
func (q *requests) resolved(w *World, to *identity) plan.Subject {
	if to == nil {
		return plan.Subject{}
	}
	if v, bad := look(w, *to, q.config.Now(), q.mark); bad == nil {
		return v.plan.Subject
	}
	return plan.Subject{User: to.login, Tenant: to.tenant}
}

// turn is who the session is to act as; nil for its login.
func (q *requests) turn(w *World, now *identity, asked rewrite.Switch) (*identity, *rewrite.Refusal) {
	may := q.impersonation(w)
	if may == catalog.NoImpersonation {
		return nil, notShared()
	}
	// An empty text is what a setting of ours has in PostgreSQL when it was never set, and what SET LOCAL leaves of it.
	reset := asked.Reset || asked.Value == ""
	if reset && asked.By != rewrite.SwitchByTenant {
		return nil, nil
	}
	if asked.By == rewrite.SwitchByToken {
		return q.byToken(w, asked.Value)
	}
	if may != catalog.ImpersonateByName {
		r := refused(codeSetting, stateDenied, "permission denied to name a subject without a token")
		r.Hint = "SET wherewall.token to a signed token. The policy's `may_impersonate: name` lets a login name users and tenants by their bare names."
		return nil, r
	}
	var to identity
	switch asked.By {
	case rewrite.SwitchByUser:
		to = identity{login: asked.Value}
	case rewrite.SwitchByTenant:
		if reset && now == nil {
			return nil, nil
		}
		to = identity{login: q.view.plan.Subject.User, tenant: asked.Value}
		if now != nil {
			to.login = q.userOf(w, *now)
		}
	case rewrite.SwitchByNothing, rewrite.SwitchByToken, rewrite.SwitchByAll:
		fallthrough
	default:
		return nil, refused(codeSetting, stateDenied, "permission denied to change the subject")
	}
	if !q.mayName(w, to) {
		return nil, noSuchSubject(asked)
	}
	if v, bad := look(w, to, q.config.Now(), q.mark); bad == nil {
		to.tenant, to.began = v.plan.Subject.Tenant, v.plan.Subject
	}
	return &to, nil
}

// userOf is the user that an identity means, without the tenant that its login may name.
func (q *requests) userOf(w *World, who identity) string {
	if v, bad := look(w, who, q.config.Now(), q.mark); bad == nil {
		return v.plan.Subject.User
	}
	return who.login
}

// mayName says whether there is such a subject. One that has several tenants may be named before its tenant is.
func (q *requests) mayName(w *World, to identity) bool {
	v, bad := look(w, to, q.config.Now(), q.mark)
	if bad != nil {
		return to.tenant == "" && bad.lacksTenant
	}
	return !w.Snapshot.Users[v.plan.Subject.User].Unfiltered
}

// noSuchSubject is the one answer for what is hidden and what is not there.
func noSuchSubject(asked rewrite.Switch) *rewrite.Refusal {
	name := "wherewall.user"
	if asked.By == rewrite.SwitchByTenant {
		name = "wherewall.tenant"
	}
	r := refused(codeSetting, stateBadParameter, fmt.Sprintf("invalid value for parameter %q: %q", name, printable(asked.Value)))
	r.Hint = "There is no active user of that name who is a member of that tenant. Name the user first, then the tenant."
	return r
}

// byToken is the subject of a signed token. Why one is not good is for the log; nothing of its text is.
func (q *requests) byToken(w *World, text string) (*identity, *rewrite.Refusal) {
	if q.config.Tokens == nil {
		r := refused(codeSetting, stateUnsupported, "this proxy takes no tokens")
		r.Hint = "Start it with the keys and the name of the issuer of tokens."
		return nil, r
	}
	q.strand.Leave() // A signature takes as long to verify as many statements take to relay.
	said, err := q.config.Tokens.Verify(text)
	if errors.Is(err, token.ErrUnknownKey) {
		q.awaitKeys()
		said, err = q.config.Tokens.Verify(text)
	}
	if err != nil {
		q.log.Info().Err(err).Msg("token refused")
		return nil, badToken("Get a new one from its issuer; the proxy's log says what is wrong with this one.")
	}
	to := identity{login: said.User, tenant: said.Tenant, token: said}
	v, bad := look(w, to, q.config.Now(), q.mark)
	if bad == nil && w.Snapshot.Users[v.plan.Subject.User].Unfiltered {
		bad = &failure{message: "the user is not filtered"}
	}
	if bad != nil {
		q.log.Info().Str("issuer", said.Issuer).Str("token_user", said.User).Str("token_tenant", said.Tenant).Str("reason", bad.message).Msg("token refused")
		return nil, badToken("It does not name an active user and one of the user's tenants; the proxy's log says more.")
	}
	to.tenant, to.began = v.plan.Subject.Tenant, v.plan.Subject
	return &to, nil
}

// awaitKeys waits until the issuer's keys were fetched.
func (q *requests) awaitKeys() {
	ctx, stop := context.WithTimeout(context.Background(), tokenPatience)
	defer stop()
	q.wait()
	defer q.waited()
	q.config.Tokens.Await(ctx)
}

func badToken(hint string) *rewrite.Refusal {
	r := refused(codeSetting, stateAuthorization, "the token is not valid here")
	r.Hint = hint
	return r
}
