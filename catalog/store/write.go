package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
)

// Actor is on whose behalf something is changed. It is a claim of the caller, kept in the history beside the login.
type Actor struct {
	Name string
	Note string // why; may be empty
	// Tenant is set for a tenant's administrator, who changes no more than what is the tenant's own: see Op.
	Tenant string
}

// Base is a policy that a change is validated upon, at a version of the store.
type Base struct {
	Policy   *catalog.Policy
	Snapshot *catalog.Snapshot
	Version  Version
}

// Op is a change. The types are Put..., Delete..., SetMembership, DeleteMembership, AssignRoles, RevokeRoles, SetPassword and IfUnchanged.
//
// A tenant's administrator may change the roles of members and end their memberships, and put and delete the tenant's roles, groups and resource grants. Roles that
// the administrator gives are the tenant's own, or give no more than such a role could. Nobody is made a member by an administrator: who belongs to
// one tenant alone would have to name it from then on.
type Op interface {
	// do makes the change. It looks at nothing but what the transaction sees.
	do(w *writing) error
	// of is the tenant that the change is confined to; empty where it is not.
	of() string
	// gives are the names of roles whose holders in that tenant have by the change what they may not have had before.
	gives() []string
}

// The ways in which a change is refused. None of it has happened then.
var (
	ErrForbidden = errors.New("this is not for a tenant's administrator to change")
	ErrConflict  = errors.New("it was changed meanwhile")
	ErrNotFound  = errors.New("there is no such thing")
)

// Write makes changes in one transaction, validates what comes of them as a whole by the code that reads policies, and commits. It returns the version that they have made,
// or the one before where they have changed nothing. What is at fault comes as catalog.Problems, and is rolled back.
func Write(ctx context.Context, conn *pgx.Conn, actor Actor, base Base, ops ...Op) (v Version, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := begin(ctx, tx, actor, base, ops); err != nil {
			return err
		}
		v, err = Current(ctx, tx)
		if err != nil || v.Stamp == base.Version.Stamp {
			return err
		}
		change, _, ok, err := readSince(ctx, tx, base.Version)
		if err != nil {
			return err
		}
		if !ok || change == nil {
			return catalog.ErrWhole
		}
		policy, _, problems, err := catalog.Amend(base.Policy, base.Snapshot, *change)
		if err != nil {
			return err //nolint:wrapcheck // ErrWhole is the caller's to know
		}
		if err := problems.Err(); err != nil {
			return err //nolint:wrapcheck // problems
		}
		return actor.stays(ctx, tx, policy, ops)
	})
	return v, err
}

// begin takes the turn, says who it is, and makes the changes.
func begin(ctx context.Context, tx pgx.Tx, actor Actor, base Base, ops []Op) error {
	if err := settle(ctx, tx); err != nil {
		return err
	}
	const who = "SELECT set_config('wherewall.actor', $1, true), set_config('wherewall.note', $2, true)"
	if _, err := tx.Exec(ctx, who, actor.Name, actor.Note); err != nil {
		return fmt.Errorf("saying who changes the policy: %w", err)
	}
	w := &writing{ctx: ctx, tx: tx, actor: actor}
	// An update of no row takes the turn all the same, so that what is looked at next stays as it is.
	w.run("UPDATE wherewall.tenant SET active = active WHERE false")
	for i, op := range ops {
		if err := actor.may(op, base.Policy, ops[:i]); err != nil {
			return fmt.Errorf("change %d: %w", i+1, err)
		}
		if err := op.do(w); err != nil {
			return fmt.Errorf("change %d: %w", i+1, err)
		}
		if w.err != nil {
			return fmt.Errorf("change %d: %w", i+1, unusable("writing", w.err))
		}
	}
	return nil
}

// may says whether an actor may make a change. What was made before it, in the same transaction, is the tenant's own.
func (a Actor) may(op Op, policy *catalog.Policy, before []Op) error {
	if _, condition := op.(IfUnchanged); condition || a.Tenant == "" {
		return nil
	}
	if op.of() != a.Tenant {
		return ErrForbidden
	}
	for _, role := range op.gives() {
		made := slices.ContainsFunc(before, func(o Op) bool { put, ok := o.(PutRole); return ok && put.Tenant == a.Tenant && put.Name == role })
		if !made && !policy.MayAssign(a.Tenant, role) {
			return fmt.Errorf("%w: the role %s gives more than a tenant may", ErrForbidden, role)
		}
	}
	return nil
}

// stays says whether what changes have led to is within what an actor may give: a role may be another one by then than it was in the policy that they were made upon,
// and where a tenant's role goes that stood for the model's of the same name, its holders have that one.
func (a Actor) stays(ctx context.Context, tx pgx.Tx, policy *catalog.Policy, ops []Op) error {
	if a.Tenant == "" {
		return nil
	}
	for _, op := range ops {
		for _, role := range op.gives() {
			if policy.MayAssign(a.Tenant, role) {
				continue
			}
			held := true
			if err := tx.QueryRow(ctx, holds, a.Tenant, role).Scan(&held); err != nil {
				return unusable("looking for holders", err)
			}
			if held {
				return fmt.Errorf("%w: the role %s, which somebody would hold, gives more than a tenant may", ErrForbidden, role)
			}
		}
	}
	return nil
}

const holds = `SELECT EXISTS (SELECT FROM wherewall.member_role WHERE tenant_id = $1 AND role = $2)
	OR EXISTS (SELECT FROM wherewall.grp_role r JOIN wherewall.grp g ON g.id = r.grp_id WHERE g.tenant_id = $1 AND r.role = $2)
	OR EXISTS (SELECT FROM wherewall.resource_grant WHERE tenant_id = $1 AND role = $2)`

// writing is a transaction that changes are made in. It goes on until something fails.
type writing struct {
	ctx   context.Context //nolint:containedctx // lives for one call of Write
	tx    pgx.Tx
	actor Actor
	err   error
}

// run executes a statement and returns how many rows it has changed.
func (w *writing) run(sql string, args ...any) int64 {
	if w.err != nil {
		return 0
	}
	tag, err := w.tx.Exec(w.ctx, sql, args...)
	w.err = err
	return tag.RowsAffected()
}

// id finds the id of something by its name.
func (w *writing) id(sql, name string, more ...any) (int64, error) {
	if w.err != nil {
		return 0, w.err
	}
	var id int64
	err := w.tx.QueryRow(w.ctx, sql, append([]any{name}, more...)...).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("%q: %w", name, ErrNotFound)
	}
	if err != nil {
		return 0, unusable("looking for "+name, err)
	}
	return id, nil
}

// user finds a user. There is nobody but members for a tenant's administrator.
func (w *writing) user(name string) (int64, error) {
	const sql = "SELECT u.id FROM wherewall.app_user u WHERE u.name = $1"
	if w.actor.Tenant == "" {
		return w.id(sql, name)
	}
	return w.id(sql+" AND EXISTS (SELECT FROM wherewall.membership m WHERE m.user_id = u.id AND m.tenant_id = $2)", name, w.actor.Tenant)
}

// found is ErrNotFound where a statement has changed nothing.
func (w *writing) found(rows int64, name string) error {
	if w.err == nil && rows == 0 {
		return fmt.Errorf("%q: %w", name, ErrNotFound)
	}
	return nil
}
