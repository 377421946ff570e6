package casebook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// Runner runs the cases of files against one policy.
type Runner struct {
	Policy *catalog.Policy
	// Upstream is a live database and its login, in the place of throwaway ones with the files' datasets.
	Upstream *pgx.ConnConfig
	Log      io.Writer // progress of throwaway servers; nil: nowhere
	// Now is the clock that sessions start by; nil: the machine's.
	Now func() time.Time
}

// Run runs every case. An error says that cases could not be tried; what they find is in the Report.
func (r *Runner) Run(ctx context.Context, files []*File) (*Report, error) {
	report := &Report{coverage: newCoverage()}
	for _, f := range files {
		if err := r.file(ctx, f, report); err != nil {
			return nil, err
		}
	}
	return report, nil
}

func (r *Runner) file(ctx context.Context, f *File, report *Report) (err error) {
	d, err := r.open(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close(ctx)) }()
	report.coverage.declare(d.snapshot)
	for _, c := range f.Cases {
		result, err := r.try(ctx, d, c, report.coverage)
		if err != nil {
			return fmt.Errorf("%s: trying %q: %w", c.Place, c.Name, err)
		}
		report.add(result)
	}
	return nil
}

// trial is one case while it is tried.
type trial struct {
	*database
	test     *Case
	plan     *plan.Plan
	values   *rewrite.Values
	coverage *coverage
	failures []string
}

func (t *trial) failf(format string, args ...any) {
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// try tries one case in a transaction of its own.
func (r *Runner) try(ctx context.Context, d *database, c *Case, coverage *coverage) (Result, error) {
	t := &trial{database: d, test: c, coverage: coverage}
	refused := r.session(t)
	if claim, about := c.Claim.(SessionClaim); about {
		t.sessionClaim(claim, refused)
		return t.result(), nil
	}
	if refused != nil {
		t.failf("there is no such session: %v", refused)
		return t.result(), nil
	}
	tx, err := d.conn.Begin(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := t.claim(ctx); err != nil {
		return Result{}, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	if status := d.conn.PgConn().TxStatus(); status == 'I' {
		return Result{}, errors.New("the case ended its own transaction")
	}
	if err := tx.Rollback(ctx); err != nil {
		return Result{}, fmt.Errorf("rolling the case back: %w", err)
	}
	return t.result(), nil
}

func (t *trial) result() Result { return Result{Case: t.test, Failures: t.failures} }

// session resolves the case's login and builds its plan, as the proxy does for a connection.
func (r *Runner) session(t *trial) error {
	day := t.test.Day
	if day == "" {
		now := r.Now
		if now == nil {
			now = time.Now
		}
		day = now().UTC().Format(time.DateOnly)
	}
	subject, err := plan.ResolveOn(t.snapshot, t.test.User, t.test.Tenant, day)
	if err != nil {
		return err
	}
	if t.plan, err = t.planner.Build(subject); err != nil {
		return err
	}
	var mark [16]byte
	_, _ = rand.Read(mark[:]) // It never fails.
	t.values = rewrite.NewValues(t.plan, hex.EncodeToString(mark[:]))
	t.coverage.session(t.plan)
	return nil
}

func (t *trial) sessionClaim(c SessionClaim, refused error) {
	var e *plan.SessionError
	switch {
	case refused == nil:
		t.failf("expected the session to be refused as %s\ngot a session of %s in %s", c.Code, t.plan.Subject.User, orNone(t.plan.Subject.Tenant))
	case !errors.As(refused, &e) || e.Code() != c.Code:
		t.failf("expected the session to be refused as %s\ngot %v", c.Code, refused)
	}
}

func orNone(tenant string) string {
	if tenant == "" {
		return "no tenant"
	}
	return tenant
}

func (t *trial) claim(ctx context.Context) error {
	if t.test.Given != "" {
		if _, err := t.conn.PgConn().Exec(ctx, t.test.Given).ReadAll(); err != nil {
			t.failf("given: %v", err)
			return nil
		}
	}
	switch c := t.test.Claim.(type) {
	case RowsClaim:
		return t.rowsClaim(ctx, c)
	case RowClaim:
		return t.rowClaim(ctx, c)
	case StatementClaim:
		return t.statementClaim(ctx, c)
	case PermissionClaim:
		t.permissionClaim(c)
		return nil
	case SessionClaim:
		return nil
	default:
		return fmt.Errorf("a claim %T is not known", c)
	}
}

func (t *trial) permissionClaim(c PermissionClaim) {
	if t.snapshot.Permissions[c.Permission] == nil {
		t.failf("the policy has no permission %q", c.Permission)
		return
	}
	got := Denied
	if plan.CheckPermission(t.plan, c.Permission) {
		got = Allowed
	}
	t.coverage.permission(c.Permission)
	if got != c.Expect {
		t.failf("expected the permission %s to be %s\ngot %s", c.Permission, c.Expect, got)
	}
}

// entity finds what a case asks of, and notes that somebody did.
func (t *trial) entity(name, action string) *catalog.Entity {
	e := t.snapshot.Entities[name]
	if e == nil {
		t.failf("the policy has no entity %q", name)
		return nil
	}
	t.coverage.rule(name, t.plan.Rule(name, catalog.Action(action)))
	return e
}

// quoted is a name as it stands in SQL.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func relationName(e *catalog.Entity) string {
	return pgx.Identifier{e.Relation.Schema, e.Relation.Name}.Sanitize()
}

func literal(text string) string { return string(sqltree.QuoteLiteral(nil, text)) }
