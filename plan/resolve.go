package plan

import (
	"fmt"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// The codes of sessions: why a login gets no plan. They are stable.
const (
	UnknownUser     = "unknown_user"
	UserInactive    = "user_inactive"
	TenantRequired  = "tenant_required"
	TenantNotMember = "tenant_not_member" // also for a tenant that does not exist
	TenantInactive  = "tenant_inactive"
	// MembershipExpired is also the code of a membership that has not begun.
	MembershipExpired = "membership_expired"
)

// SessionError is why a login gets no plan. Before the login is authenticated nobody may be told which it is.
type SessionError struct {
	code    string
	message string
}

// Code is one of the codes of sessions.
func (e *SessionError) Code() string { return e.code }

// Error is `code: message`.
func (e *SessionError) Error() string { return e.code + ": " + e.message }

func refuse(code, format string, args ...any) *SessionError {
	return &SessionError{code, fmt.Sprintf(format, args...)}
}

// Login finds the user that a login name means, and the tenant it names: `lee@acme` is lee in acme, unless a user
// is called lee@acme. The user is nil where there is none.
func Login(s *catalog.Snapshot, login string) (user *catalog.User, tenant string) {
	if u := s.Users[login]; u != nil {
		return u, ""
	}
	at := strings.LastIndexByte(login, '@')
	if at < 0 {
		return nil, ""
	}
	return s.Users[login[:at]], login[at+1:]
}

// Resolve is ResolveOn on no known day: a membership that has a period does not hold.
func Resolve(s *catalog.Snapshot, login, tenant string) (Subject, error) {
	return ResolveOn(s, login, tenant, "")
}

// ResolveOn says who a login acts as on a day (2006-01-02, UTC). An empty tenant stands for none named; then the login's own counts, and then the
// only membership that holds. Where a user has several there is no guessing, and never a union. Errors are *SessionError.
func ResolveOn(s *catalog.Snapshot, login, tenant, day string) (Subject, error) {
	u, named := Login(s, login)
	if u == nil {
		return Subject{}, refuse(UnknownUser, "there is no user %q", login)
	}
	if !u.Active {
		return Subject{}, refuse(UserInactive, "%s is not active", u.Name)
	}
	switch {
	case tenant == "":
		tenant = named
	case named != "" && named != tenant:
		return Subject{}, refuse(TenantNotMember, "the login names the tenant %q and the session %q", named, tenant)
	}
	if tenant == "" && len(u.Memberships) > 0 {
		only, err := onlyMembership(u, day)
		if err != nil {
			return Subject{}, err
		}
		tenant = only
	}
	subject := Subject{User: u.Name, Tenant: tenant, Identity: u.Identity}
	if err := admit(s, subject); err != nil {
		return Subject{}, err
	}
	if tenant != "" && !holdsOn(u.Periods[tenant], day) {
		return Subject{}, expired(u, tenant)
	}
	return subject, nil
}

func expired(u *catalog.User, tenant string) *SessionError {
	return refuse(MembershipExpired, "%s is not a member of %q at this time", u.Name, tenant)
}

// onlyMembership is the tenant of the one membership that holds on a day.
func onlyMembership(u *catalog.User, day string) (string, error) {
	var holding []string
	for _, tenant := range sortedKeys(u.Memberships) {
		if holdsOn(u.Periods[tenant], day) {
			holding = append(holding, tenant)
		}
	}
	switch {
	case len(holding) > 1:
		return "", refuse(TenantRequired, "%s belongs to several tenants and none was named", u.Name)
	case len(holding) == 0:
		return "", expired(u, sortedKeys(u.Memberships)[0])
	default:
		return holding[0], nil
	}
}

// holdsOn says whether a period covers a day. On a day that cannot be read only what is open at both ends holds.
func holdsOn(p catalog.Period, day string) bool {
	if p == (catalog.Period{}) {
		return true
	}
	if _, ok := daysOf(day); !ok {
		return false
	}
	return (p.From == "" || p.From <= day) && (p.Until == "" || day < p.Until)
}

// admit checks that a subject may act under a snapshot.
func admit(s *catalog.Snapshot, subject Subject) error {
	u := s.Users[subject.User]
	if u == nil || subject.Identity != "" && subject.Identity != u.Identity {
		return refuse(UnknownUser, "there is no user %q", subject.User)
	}
	if !u.Active {
		return refuse(UserInactive, "%s is not active", u.Name)
	}
	if subject.Tenant == "" {
		return nil
	}
	if _, member := u.Memberships[subject.Tenant]; !member || s.Tenants[subject.Tenant] == nil {
		return refuse(TenantNotMember, "%s is not a member of %q", u.Name, subject.Tenant)
	}
	if !s.Tenants[subject.Tenant].Active {
		return refuse(TenantInactive, "the tenant %q is not active", subject.Tenant)
	}
	return nil
}
