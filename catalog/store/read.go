package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
)

// Holds says what of a policy a store holds. The zero value is Population.
type Holds int

// The splits.
const (
	Population Holds = iota // the model stands in files
	Everything
)

// ErrTwoModels says that there is a model in the store beside that of files. Which of them is meant nobody can tell.
var ErrTwoModels = errors.New("the store holds a model, and there is one in files too: leave --policy out, or delete the store's")

// snapshotRead is how everything is read: at one time, and without changing anything.
var snapshotRead = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// settle sees to it that a transaction calls PostgreSQL's own functions, and not those of the same names that somebody has made in a schema of the login's
// search path.
func settle(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp"); err != nil {
		return unusable("preparing to use the store", err)
	}
	return nil
}

// Read reads everything in one snapshot. ErrTwoModels comes with the version that has the second one.
func Read(ctx context.Context, conn *pgx.Conn, holds Holds) (p *catalog.Population, v Version, err error) {
	err = pgx.BeginTxFunc(ctx, conn, snapshotRead, func(tx pgx.Tx) error {
		if err := settle(ctx, tx); err != nil {
			return err
		}
		p, v, err = readWhole(ctx, tx, holds)
		return err
	})
	switch {
	case errors.Is(err, ErrTwoModels):
		return nil, v, err
	case err != nil:
		return nil, Version{}, err
	}
	return p, v, nil
}

// readWhole reads everything as a transaction sees it.
func readWhole(ctx context.Context, tx querier, holds Holds) (*catalog.Population, Version, error) {
	v, err := Current(ctx, tx)
	if err != nil {
		return nil, v, err
	}
	r := &reader{ctx: ctx, tx: tx}
	p := &catalog.Population{Version: v.Stamp, Tenants: r.tenants(nil), Users: r.users(nil), Groups: r.groups(nil), Grants: r.grants(nil)}
	if holds == Everything {
		p.ModelVersion, p.Model = v.model, r.model()
	} else if r.hasModel() {
		return nil, v, ErrTwoModels
	}
	return p, v, r.err
}

// most bounds how many people are read one by one; more of them are read with all others.
const most = 5000

// Since reads what has changed since a version, in one snapshot. ok is false where that cannot be told, or is so much that everything had better be read. A nil
// Change is none.
func Since(ctx context.Context, conn *pgx.Conn, known Version) (c *catalog.Change, v Version, ok bool, err error) {
	err = pgx.BeginTxFunc(ctx, conn, snapshotRead, func(tx pgx.Tx) error {
		if err := settle(ctx, tx); err != nil {
			return err
		}
		c, v, ok, err = readSince(ctx, tx, known)
		return err
	})
	if err != nil {
		return nil, Version{}, false, err
	}
	return c, v, ok, nil
}

func readSince(ctx context.Context, tx querier, known Version) (*catalog.Change, Version, bool, error) {
	v, err := Current(ctx, tx)
	switch {
	case err != nil:
		return nil, v, false, err
	case v.Stamp == known.Stamp:
		return nil, v, true, nil
	case v.Number < known.Number || v.whole > known.Number || v.model != known.model:
		return nil, v, false, nil
	}
	r := &reader{ctx: ctx, tx: tx}
	if !r.follows(known) {
		return nil, v, false, r.err
	}
	touched, few := r.touched(known.Number)
	if !few {
		return nil, v, false, r.err
	}
	r.naming(touched)
	c := &catalog.Change{
		Version: v.Stamp,
		Tenants: r.changed(touched["tenant"], r.tenants), Users: r.changed(touched["user"], r.users),
		Groups: r.changed(touched["group"], r.groups), Grants: r.changed(touched["grant"], r.grants),
	}
	return c, v, r.err == nil, r.err
}

// reader reads rows until something goes wrong, which ends it: what it returned then is not to be used.
type reader struct {
	ctx context.Context //nolint:containedctx // a reader lives for one call of an exported function
	tx  querier
	err error
}

// each calls f for every row, which was scanned into the targets. With only, rows are those whose column is in it.
func (r *reader) each(what, sql, column string, only []string, targets []any, f func() error) {
	if r.err != nil {
		return
	}
	var args []any
	if only != nil {
		sql += " WHERE " + column + "::text = ANY ($1)"
		args = append(args, only)
	}
	rows, err := r.tx.Query(r.ctx, sql, args...)
	if err == nil {
		_, err = pgx.ForEachRow(rows, targets, f)
	}
	if err != nil {
		r.err = unusable("reading "+what+" of the store", err)
	}
}

// follows says whether the store's history leads over a version that is known.
func (r *reader) follows(known Version) bool {
	found := false
	if err := r.tx.QueryRow(r.ctx, "SELECT EXISTS (SELECT FROM wherewall.policy_version WHERE version = $1 AND stamp::text = $2)", known.Number, known.Stamp).Scan(&found); err != nil {
		r.err = unusable("reading the store's history", err)
	}
	return found
}

// touched lists what has changed since a version, by kind. few is false where it is too much.
func (r *reader) touched(since int64) (touched map[string][]string, few bool) {
	touched = map[string][]string{}
	n := 0
	var kind, subject string
	sql := fmt.Sprintf("SELECT DISTINCT kind, subject FROM wherewall.change WHERE version > %d LIMIT %d", since, most+1)
	r.each("the history", sql, "", nil, []any{&kind, &subject}, func() error {
		touched[kind] = append(touched[kind], subject)
		n++
		return nil
	})
	return touched, r.err == nil && n <= most && len(touched["model"]) == 0
}

// naming adds the groups and grants that name users who have changed: they may have other names now.
func (r *reader) naming(touched map[string][]string) {
	if len(touched["user"]) == 0 {
		return
	}
	for kind, sql := range map[string]string{
		"group": "SELECT DISTINCT grp_id::text FROM wherewall.grp_member", "grant": "SELECT id::text FROM wherewall.resource_grant",
	} {
		var id string
		r.each("groups of users", sql, "user_id", touched["user"], []any{&id}, func() error {
			if !slices.Contains(touched[kind], id) {
				touched[kind] = append(touched[kind], id)
			}
			return nil
		})
	}
}

// changed reads those of some identities, and says of the others that they are gone.
func (r *reader) changed(identities []string, read func(only []string) []catalog.Member) []catalog.Member {
	if len(identities) == 0 {
		return nil
	}
	found := read(identities)
	there := map[string]bool{}
	for _, m := range found {
		there[m.Identity] = true
	}
	for _, identity := range identities {
		if !there[identity] {
			found = append(found, catalog.Member{Identity: identity})
		}
	}
	return found
}
