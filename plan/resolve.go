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

// Resolve says who a login acts as. An empty tenant stands for none named; then the login's own counts, and then the only
// membership. Where a user has several there is no guessing, and never a union. Errors are *SessionError.
func Resolve(s *catalog.Snapshot, login, tenant string) (Subject, error) {
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
	if tenant == "" && len(u.Memberships) > 1 {
		return Subject{}, refuse(TenantRequired, "%s belongs to several tenants and none was named", u.Name)
	}
	if tenant == "" {
		for only := range u.Memberships {
			tenant = only
		}
	}
	subject := Subject{User: u.Name, Tenant: tenant}
	if err := admit(s, subject); err != nil {
		return Subject{}, err
	}
	return subject, nil
}

// admit checks that a subject may act under a snapshot.
func admit(s *catalog.Snapshot, subject Subject) error {
	u := s.Users[subject.User]
	if u == nil {
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
