package audit

import (
	"time"

	"github.com/wherewall/wherewall/wire"
)

// act is the record of a login, the end of a session, or a change of its subject.
func (e *encoder) act(dst []byte, a *wire.Act, at time.Time) []byte {
	dst = e.stamp.Append(dst, at, actName(a.Kind))
	if a.Kind == wire.SessionEnded || a.Kind == wire.LoginFailed {
		dst = who(dst, a.Party, a.Plan) // it does not come again
	} else {
		dst = e.whose(dst, a.Party, a.Plan)
	}
	if a.Kind == wire.SubjectSwitched {
		dst = appendText(dst, "as_user", a.As.User)
		dst = appendText(dst, "as_tenant", a.As.Tenant)
		dst = appendText(dst, "subject_token_issuer", a.TokenIssuer)
		dst = appendText(dst, "subject_token_id", a.TokenID)
	}
	dst = appendText(dst, "sqlstate", a.SQLState)
	dst = appendText(dst, "reason", a.Reason)
	dst = appendCount(dst, "bytes_from_client", a.BytesFromClient)
	dst = appendCount(dst, "bytes_from_server", a.BytesFromServer)
	return appendCount(dst, "us", a.Took.Microseconds())
}

func actName(kind wire.ActKind) string {
	switch kind {
	case wire.LoginSucceeded:
		return "login"
	case wire.LoginFailed:
		return "login_failed"
	case wire.SessionEnded:
		return "session_end"
	case wire.SubjectSwitched:
		return "subject"
	case wire.NoAct:
	}
	return "unknown"
}

// Change is a change of what statements are judged by.
type Change struct {
	// By is who or what has changed it: a file, a signal, or the name of an administrator.
	By string
	// Before and After are the policy's versions, and the digests of the database's schema; Before is empty at the start.
	Before, After Version
	// Rejected is why the change was not taken over; empty where it was.
	Rejected string
}

// Version is a policy and the schema that it is bound to.
type Version struct {
	Policy, Schema string
	Number         int64 // of a policy that is kept in a database; 0 for others
}

// Changed takes the record of a change of policy.
func (t *Trail) Changed(c Change) { t.queue(0, entry{change: &c}) }

func (e *encoder) change(dst []byte, c *Change, at time.Time) []byte {
	kind := "policy"
	if c.Rejected != "" {
		kind = "policy_rejected"
	}
	dst = e.stamp.Append(dst, at, kind)
	dst = appendText(dst, "by", c.By)
	dst = appendText(dst, "policy_before", c.Before.Policy)
	dst = appendText(dst, "policy_after", c.After.Policy)
	dst = appendText(dst, "schema_before", c.Before.Schema)
	dst = appendText(dst, "schema_after", c.After.Schema)
	dst = appendCount(dst, "version_before", c.Before.Number)
	dst = appendCount(dst, "version_after", c.After.Number)
	return appendText(dst, "reason", c.Rejected)
}
