package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Version is a state of the tables.
type Version struct {
	Number int64
	// Stamp names the state: two with the same stamp are the same. Numbers come twice where a backup was restored.
	Stamp string
	model string // the stamp of the last change of the model
	whole int64  // the history has every change after this number
}

// String is the number with enough of the stamp to tell it from others of the same number.
func (v Version) String() string { return fmt.Sprintf("%d-%.8s", v.Number, v.Stamp) }

// schemaVersion is the migration that this code is written for: the last one.
const schemaVersion = 2

// The ways in which a store cannot be used. Each needs somebody to act.
var (
	ErrNotMigrated = errors.New("the store has no tables, or older ones: run wherewall migrate up")
	ErrTooNew      = errors.New("the store was made by a newer release: upgrade wherewall")
	ErrStandby     = errors.New("the store is a standby, which may be behind: name its primary")
	ErrRights      = errors.New("the store's login may not read the policy: run what wherewall migrate grants prints")
)

const readVersion = `SELECT s.version, s.stamp::text, m.stamp::text, s.complete_since, pg_catalog.pg_is_in_recovery(),
	(SELECT max(version_id) FROM wherewall.migration WHERE is_applied)
	FROM wherewall.state s JOIN wherewall.policy_version m ON m.version = s.model_version`

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Current reads the version that is in force.
func Current(ctx context.Context, q querier) (Version, error) {
	var v Version
	var standby bool
	var made *int64
	err := q.QueryRow(ctx, readVersion).Scan(&v.Number, &v.Stamp, &v.model, &v.whole, &standby, &made)
	switch {
	case err != nil:
		return Version{}, unusable("reading the store's version", err)
	case standby:
		return Version{}, ErrStandby
	case made == nil || *made < schemaVersion:
		return Version{}, ErrNotMigrated
	case *made > schemaVersion:
		return Version{}, ErrTooNew
	default:
		return v, nil
	}
}

// unusable tells what is the matter with a store where PostgreSQL's error does not.
func unusable(what string, err error) error {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		switch failure.Code {
		case "42P01", "3F000":
			err = ErrNotMigrated
		case "42501":
			err = fmt.Errorf("%w (%s)", ErrRights, failure.Message)
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotMigrated
	}
	return fmt.Errorf("%s: %w", what, err)
}
